-- Teams of branches by score, last complete month
-- How to read: a team is every manager under the branch, sub-branches included. Its attainments are
-- ratios of sums, so a small book cannot outweigh a large one. Measures unknown for one of its
-- managers are unknown for the team. Only teams of the largest covered weight have a place; equal
-- scores share it.
with teams as (
    select
        branches.region_name,
        branches.branch_name,
        max(kpis.manager_count) as manager_count,
        sum(kpis.score_contribution) as points,
        coalesce(sum(kpis.weight) filter (where kpis.score_contribution is not null), 0) as covered_weight,
        max(kpis.attainment_rate) filter (where kpis.measure_code = 'DEPOSIT_STOCK') as deposits,
        max(kpis.attainment_rate) filter (where kpis.measure_code = 'DEPOSIT_GROWTH') as deposit_growth,
        max(kpis.attainment_rate) filter (where kpis.measure_code = 'ECONOMIC_VALUE_ADDED') as value_added,
        max(kpis.numerator_value) filter (where kpis.measure_code = 'BAD_LOANS') as bad_loans,
        max(kpis.denominator_value) filter (where kpis.measure_code = 'BAD_LOANS') as loans
    from marts.fct_team_kpi as kpis
    inner join marts.dim_branch as branches on kpis.branch_key = branches.branch_key
    where
        branches.branch_level = 'BRANCH'
        and kpis.month_end_date = (
            select max(latest.month_end_date)
            from marts.fct_team_kpi as latest
            where latest.is_complete_month
        )
    group by branches.region_name, branches.branch_name, branches.branch_key
),

comparable_teams as (
    select
        *,
        case
            when covered_weight = max(covered_weight) filter (where points is not null) over () then points
        end as comparable_points
    from teams
)

select
    case when comparable_points is not null then rank() over (order by comparable_points desc nulls last) end as place,
    region_name as region,
    branch_name as branch,
    manager_count,
    round(points, 2) as score,
    covered_weight,
    round(100 * deposits, 1) as deposits_percent,
    round(100 * deposit_growth, 1) as deposit_growth_percent,
    round(100 * value_added, 1) as value_added_percent,
    round(100 * bad_loans / nullif(greatest(loans, 0), 0), 2) as bad_loans_percent
from comparable_teams
order by place asc nulls last, branch asc
