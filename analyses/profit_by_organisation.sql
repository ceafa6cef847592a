-- Profit contribution of every unit with all units below it, as was and as is, complete months
-- How to read: as was, each month counts for the units above in the tree of that month; as is, in the
-- tree of today, where a merged unit is its successor. The indented names are the tree; lines of
-- different levels contain each other and never add up. The head office is the bank in both columns.
-- Before cost is margin and fees, the fees alone where the margin is unknown.
with profit as (
    select
        branches.branch_durable_key,
        branches.current_branch_durable_key,
        facts.month_end_date,
        sum(facts.contribution_before_cost_amount) as before_cost,
        sum(facts.pre_tax_contribution_amount) as before_tax
    from marts.fct_profit_monthly as facts
    inner join marts.dim_branch as branches on facts.branch_key = branches.branch_key
    where facts.is_complete_month
    group by branches.branch_durable_key, branches.current_branch_durable_key, facts.month_end_date
),

as_was as (
    select
        closure.ancestor_branch_durable_key as branch_durable_key,
        sum(profit.before_cost) as before_cost,
        sum(profit.before_tax) as before_tax
    from profit
    inner join marts.bridge_org_closure as closure
        on
            profit.branch_durable_key = closure.descendant_branch_durable_key
            and profit.month_end_date >= closure.valid_from
            and profit.month_end_date < closure.valid_to
    group by closure.ancestor_branch_durable_key
),

as_is as (
    select
        closure.ancestor_branch_durable_key as branch_durable_key,
        sum(profit.before_cost) as before_cost,
        sum(profit.before_tax) as before_tax
    from profit
    inner join marts.bridge_org_closure as closure
        on
            profit.current_branch_durable_key = closure.descendant_branch_durable_key
            and closure.is_current
    group by closure.ancestor_branch_durable_key
),

depths as (
    select
        descendant_branch_durable_key as branch_durable_key,
        max(depth_from_ancestor) as depth_from_top
    from marts.bridge_org_closure
    where is_current
    group by descendant_branch_durable_key
)

select
    repeat('  ', depths.depth_from_top) || branches.branch_name as unit,
    branches.branch_level as level_of_unit,
    as_was.before_cost as before_cost_as_was,
    as_is.before_cost as before_cost_as_is,
    as_was.before_tax as before_tax_as_was,
    as_is.before_tax as before_tax_as_is
from as_was
full outer join as_is on as_was.branch_durable_key = as_is.branch_durable_key
inner join marts.dim_branch as branches
    on
        coalesce(as_was.branch_durable_key, as_is.branch_durable_key) = branches.branch_durable_key
        and branches.is_current
inner join depths on branches.branch_durable_key = depths.branch_durable_key
order by
    branches.head_office_name nulls last,
    branches.region_name nulls first,
    branches.main_branch_name nulls first,
    depths.depth_from_top,
    branches.branch_name
