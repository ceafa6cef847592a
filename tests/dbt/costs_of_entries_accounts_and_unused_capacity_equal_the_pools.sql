-- Costs of single entries, of what keeping accounts takes, and of unused capacity sum to the cost of
-- every pool in every month, exactly.
with entry_costs as (
    select
        last_day(entries.transaction_date) as month_end_date,
        activities.cost_pool_code,
        sum(entries.cost_amount) as cost_amount
    from {{ ref('fct_transaction') }} as entries
    inner join {{ ref('dim_activity') }} as activities on entries.activity_key = activities.activity_key
    where entries.cost_amount is not null
    group by last_day(entries.transaction_date), activities.cost_pool_code
),

other_costs as (
    select
        cost_rows.month_end_date,
        activities.cost_pool_code,
        sum(cost_rows.cost_amount) as cost_amount
    from {{ ref('fct_activity_cost') }} as cost_rows
    inner join {{ ref('dim_activity') }} as activities on cost_rows.activity_key = activities.activity_key
    where cost_rows.channel_key = -3
    group by cost_rows.month_end_date, activities.cost_pool_code
),

all_costs as (
    select
        month_end_date,
        cost_pool_code,
        sum(cost_amount) as cost_amount
    from (
        select * from entry_costs
        union all
        select * from other_costs
    ) as parts
    group by month_end_date, cost_pool_code
)

select
    pools.month_end_date,
    pools.cost_pool_code,
    pools.cost_amount as pool_cost,
    all_costs.cost_amount as explained_cost
from {{ ref('int_costs__pool_rates') }} as pools
full outer join all_costs
    on
        pools.month_end_date = all_costs.month_end_date
        and pools.cost_pool_code = all_costs.cost_pool_code
where pools.cost_amount is distinct from all_costs.cost_amount
