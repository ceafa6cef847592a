-- Targets of teams against what they reached, by region and year
-- How to read: a team meets a target when its own figure reaches it. A region is the sum of its teams: what they
-- reached against what was asked of them (campaigns, new customers, or that part of the head-office quota which
-- must be filled). A running year shows what was reached so far. Unknown counts as neither met nor missed.
select
    targets.plan_year,
    targets.is_year_over,
    targets.target_code,
    branches.region_name as region,
    count(*) as team_count,
    count(*) filter (where targets.is_met) as met_count,
    count(*) filter (where not targets.is_met) as missed_count,
    sum(targets.numerator) as reached,
    round(sum(targets.target_value * targets.denominator), 2) as asked_for,
    round(100 * sum(targets.numerator) / nullif(sum(targets.target_value * targets.denominator), 0), 1) as attained_percent
from marts.fct_team_target as targets
inner join marts.dim_branch as branches on targets.branch_key = branches.branch_key
group by targets.plan_year, targets.is_year_over, targets.target_code, branches.region_name
order by targets.plan_year, targets.target_code, region
