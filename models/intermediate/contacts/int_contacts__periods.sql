-- Weeks (Monday to Sunday) and months in which contacts are due. A period counts when the register of
-- contacts covers it whole: it begins on or after the first contact and has ended. A week belongs to
-- the month of its Sunday. Without the contact source there is none: unknown, not missed.
-- Grain: one period of one type.
with first_contact as (
    select min(contact_date) as first_date from {{ ref('stg_contact__contacts') }}
),

last_night as (
    select max(as_of_date) as last_date from {{ ref('int_calendar__months') }}
),

coverage as (
    select
        first_contact.first_date,
        last_night.last_date
    from first_contact
    cross join last_night
),

days as (
    select cast(unnest(generate_series(first_date, last_date, interval 1 day)) as date) as period_from
    from coverage
),

periods as (
    select
        'WEEK' as period_type,
        period_from,
        period_from + 6 as last_date
    from days
    where isodow(period_from) = 1
    union all
    select
        'MONTH' as period_type,
        period_from,
        last_day(period_from) as last_date
    from days
    where day(period_from) = 1
)

select
    periods.period_type,
    periods.period_from,
    periods.last_date,
    cast(periods.last_date + 1 as date) as period_to,
    last_day(periods.last_date) as month_end_date
from periods
inner join coverage on periods.last_date <= coverage.last_date
