-- Targets of teams against what they reached, by region and year
-- How to read: a team meets a target when its own figure reaches it; the attained value of a region is the ratio
-- of the sums of its teams (campaigns for each team, new customers against quota). A running year shows what
-- was reached so far. Unknown counts as neither met nor missed.
select
    targets.plan_year,
    targets.is_year_over,
    targets.target_code,
    branches.region_name as region,
    count(*) as team_count,
    count(*) filter (where targets.is_met) as met,
    count(*) filter (where not targets.is_met) as missed,
    sum(targets.numerator) as reached,
    sum(targets.target_value * targets.denominator) as asked_for,
    round(sum(targets.numerator) / nullif(sum(targets.denominator), 0), 4) as attained_value
from marts.fct_team_target as targets
inner join marts.dim_branch as branches on targets.branch_key = branches.branch_key
group by targets.plan_year, targets.is_year_over, targets.target_code, branches.region_name
order by targets.plan_year, targets.target_code, region
