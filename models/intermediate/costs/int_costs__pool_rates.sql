-- Cost and practical capacity of each pool in a month, as exact integers. A month for which finance
-- delivered no pools has no row: its cost to serve is unknown, not zero.
-- Grain: one cost pool in one month.
select
    cost_pool_code,
    month_end_date,
    cost_amount,
    {{ cents('cost_amount') }} as pool_cents,
    cast(practical_minutes as hugeint) * 100 as practical_units
from {{ ref('stg_finance__cost_pools') }}
