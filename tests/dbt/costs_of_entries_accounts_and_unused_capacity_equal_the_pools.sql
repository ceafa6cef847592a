-- Costs of single entries, of what keeping accounts takes, and of unused capacity sum to the cost of
-- every pool in every month, exactly.
with pool_of_activity as (
    select
        rates.month_end_date,
        activities.activity_key,
        rates.cost_pool_code
    from {{ ref('int_costs__activity_rates') }} as rates
    inner join {{ ref('dim_activity') }} as activities on rates.activity_code = activities.activity_code
    union all
    select
        pools.month_end_date,
        activities.activity_key,
        pools.cost_pool_code
    from {{ ref('int_costs__pool_rates') }} as pools
    inner join {{ ref('dim_activity') }} as activities
        on
            pools.cost_pool_code = activities.cost_pool_code
            and activities.is_idle
),

entry_costs as (
    select
        last_day(entries.value_date) as month_end_date,
        pool_of_activity.cost_pool_code,
        sum(entries.cost_amount) as cost_amount
    from {{ ref('fct_transaction') }} as entries
    inner join pool_of_activity
        on
            entries.activity_key = pool_of_activity.activity_key
            and last_day(entries.value_date) = pool_of_activity.month_end_date
    group by last_day(entries.value_date), pool_of_activity.cost_pool_code
),

other_costs as (
    select
        cost_rows.month_end_date,
        pool_of_activity.cost_pool_code,
        sum(cost_rows.cost_amount) as cost_amount
    from {{ ref('fct_activity_cost') }} as cost_rows
    inner join pool_of_activity
        on
            cost_rows.activity_key = pool_of_activity.activity_key
            and cost_rows.month_end_date = pool_of_activity.month_end_date
    where cost_rows.channel_key = -3
    group by cost_rows.month_end_date, pool_of_activity.cost_pool_code
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
