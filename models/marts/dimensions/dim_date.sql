-- Grain: one calendar day, from the start of the first year to the end of the last one in the data.
with bounds as (
    select
        date_trunc('year', min(month_start_date)) as first_date,
        date_trunc('year', max(month_start_date)) + interval 1 year - interval 1 day as last_date
    from {{ ref('int_calendar__months') }}
),

days as (
    select cast(unnest(generate_series(first_date, last_date, interval 1 day)) as date) as date_key
    from bounds
)

select
    date_key,
    cast(year(date_key) as integer) as year_number,
    cast(quarter(date_key) as integer) as quarter_number,
    cast(month(date_key) as integer) as month_number,
    monthname(date_key) as month_name,
    cast(isoyear(date_key) as integer) as iso_year,
    cast(weekofyear(date_key) as integer) as iso_week_number,
    cast(day(date_key) as integer) as day_of_month,
    cast(isodow(date_key) as integer) as weekday_number,
    dayname(date_key) as weekday_name,
    date_key = last_day(date_key) as is_month_end,
    isodow(date_key) >= 6 as is_weekend,
    last_day(date_key) as month_end_date
from days
