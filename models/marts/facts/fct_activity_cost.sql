{{ config(materialized='incremental') }}

-- Grain: one customer, activity and channel in one month, and one row of unused capacity for each
-- cost pool and month, charged to nobody. Costs of a month sum to the cost of its pools, exactly.
with owner_activities as (
    select * from {{ ref('int_costs__owner_activities') }}
    where month_end_date >= {{ refresh_from_month() }}
),

pools as (
    select * from {{ ref('int_costs__pool_rates') }}
    where month_end_date >= {{ refresh_from_month() }}
),

activities as (
    select * from {{ ref('dim_activity') }}
),

customer_activities as (
    select
        customer_durable_key,
        month_end_date,
        max(as_of_date) as as_of_date,
        channel_key,
        activity_code,
        cast(sum(event_count) as decimal(20, 8)) as event_count,
        cast(sum(used_minutes) as decimal(20, 8)) as used_minutes,
        cast(sum(cost_amount) as decimal(18, 2)) as cost_amount
    from owner_activities
    group by customer_durable_key, month_end_date, channel_key, activity_code
),

used_capacity as (
    select
        rates.cost_pool_code,
        customer_activities.month_end_date,
        sum(customer_activities.used_minutes) as used_minutes,
        sum(customer_activities.cost_amount) as cost_amount
    from customer_activities
    inner join {{ ref('int_costs__activity_rates') }} as rates
        on
            customer_activities.activity_code = rates.activity_code
            and customer_activities.month_end_date = rates.month_end_date
    group by rates.cost_pool_code, customer_activities.month_end_date
),

idle_capacity as (
    select
        cast(-3 as bigint) as customer_durable_key,
        pools.month_end_date,
        pools.month_end_date as as_of_date,
        cast(-3 as bigint) as channel_key,
        'IDLE_' || pools.cost_pool_code as activity_code,
        cast(0 as decimal(20, 8)) as event_count,
        cast(
            cast(pools.practical_units as decimal(18, 0)) * 0.01 - coalesce(used_capacity.used_minutes, 0)
            as decimal(20, 8)
        ) as used_minutes,
        cast(pools.cost_amount - coalesce(used_capacity.cost_amount, 0) as decimal(18, 2)) as cost_amount
    from pools
    left join used_capacity
        on
            pools.cost_pool_code = used_capacity.cost_pool_code
            and pools.month_end_date = used_capacity.month_end_date
),

all_rows as (
    select * from customer_activities
    union all
    select * from idle_capacity
)

select
    {{ surrogate_key(
        "all_rows.customer_durable_key", "all_rows.activity_code", "all_rows.channel_key", "all_rows.month_end_date"
    ) }} as activity_cost_key,
    all_rows.month_end_date,
    customers.customer_key,
    all_rows.customer_durable_key,
    activities.activity_key,
    all_rows.channel_key,
    activities.is_idle,
    all_rows.event_count,
    all_rows.used_minutes,
    all_rows.cost_amount
from all_rows
inner join activities on all_rows.activity_code = activities.activity_code
inner join {{ ref('dim_customer') }} as customers
    on
        all_rows.customer_durable_key = customers.customer_durable_key
        and {{ valid_on('customers', 'all_rows.as_of_date') }}
