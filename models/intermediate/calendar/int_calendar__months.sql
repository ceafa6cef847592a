-- Months from the earliest posting to the last business date. A month's period is the part of it that
-- the data covers; one before the first business date holds back-valued entries only, and no day.
-- Grain: one month.
with nights as (
    select
        min(business_date) as first_date,
        max(business_date) as last_date
    from {{ ref('stg_ops__loads') }}
),

postings as (
    select min(value_date) as first_date from {{ ref('stg_teller__transactions') }}
    union all
    select min(value_date) as first_date from {{ ref('stg_card__card_transactions') }}
),

bounds as (
    select
        nights.first_date,
        nights.last_date,
        date_trunc('month', least(nights.first_date, min(postings.first_date))) as first_month
    from nights
    cross join postings
    group by nights.first_date, nights.last_date
),

months as (
    select
        first_date,
        last_date,
        cast(unnest(generate_series(first_month, last_date, interval 1 month)) as date) as month_start_date
    from bounds
),

periods as (
    select
        month_start_date,
        last_day(month_start_date) as month_end_date,
        least(last_day(month_start_date), last_date) as as_of_date,
        cast(least(last_day(month_start_date), last_date) + interval 1 day as date) as period_to_date,
        greatest(
            datediff(
                'day',
                greatest(month_start_date, first_date),
                cast(least(last_day(month_start_date), last_date) + interval 1 day as date)
            ), 0
        ) as period_days,
        first_date <= month_start_date and last_day(month_start_date) <= last_date as is_complete_month
    from months
)

select
    month_start_date,
    month_end_date,
    as_of_date,
    period_to_date,
    cast(period_days as integer) as period_days,
    is_complete_month
from periods
