-- What one event of an activity costs in a month, as exact integers: cost in cents =
-- unit_cost_units x events / practical_units. Standard minutes are those of the month's last
-- business date. A month without all its pools has no row.
-- Grain: one activity in one month.
select
    activities.activity_code,
    months.month_end_date,
    months.as_of_date,
    activities.cost_pool_code,
    activities.standard_minutes,
    pools.pool_cents * cast(activities.standard_minutes * 100 as hugeint) as unit_cost_units,
    pools.practical_units
from {{ ref('int_calendar__months') }} as months
inner join {{ ref('activity') }} as activities
    on
        {{ valid_on('activities', 'months.as_of_date') }}
inner join {{ ref('int_costs__pool_rates') }} as pools
    on
        activities.cost_pool_code = pools.cost_pool_code
        and months.month_end_date = pools.month_end_date
