-- Teams of branches by score, last complete month
-- How to read: a team is every manager under the branch, sub-branches included. Its attainments are
-- ratios of sums, so a small book cannot outweigh a large one. Measures unknown for one of its
-- managers are unknown for the team.
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
)

select
    rank() over (order by points desc nulls last) as place,
    region_name as region,
    branch_name as branch,
    manager_count,
    round(points, 2) as score,
    covered_weight,
    round(100 * deposits, 1) as deposits_percent,
    round(100 * deposit_growth, 1) as deposit_growth_percent,
    round(100 * value_added, 1) as value_added_percent,
    round(100 * bad_loans / nullif(loans, 0), 2) as bad_loans_percent
from teams
order by place, branch
