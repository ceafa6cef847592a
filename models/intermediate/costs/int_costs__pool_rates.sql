-- Cost and practical capacity of each pool in a month, as exact integers. A month for which finance
-- has not delivered every pool that an activity draws on has no row: its cost to serve is unknown,
-- not zero and not a part of it.
-- Grain: one cost pool in one month.
with pools as (
    select * from {{ ref('stg_finance__cost_pools') }}
),

needed_pools as (
    select distinct
        pool_months.month_end_date,
        activities.cost_pool_code
    from (select distinct month_end_date from pools) as pool_months
    inner join {{ ref('activity') }} as activities
        on
            {{ valid_on('activities', 'pool_months.month_end_date') }}
),

months_with_gaps as (
    select distinct needed_pools.month_end_date
    from needed_pools
    left join pools
        on
            needed_pools.month_end_date = pools.month_end_date
            and needed_pools.cost_pool_code = pools.cost_pool_code
    where pools.cost_pool_code is null
)

select
    pools.cost_pool_code,
    pools.month_end_date,
    pools.cost_amount,
    {{ cents('pools.cost_amount') }} as pool_cents,
    cast(pools.practical_minutes as hugeint) * 100 as practical_units
from pools
left join months_with_gaps
    on pools.month_end_date = months_with_gaps.month_end_date
where months_with_gaps.month_end_date is null
