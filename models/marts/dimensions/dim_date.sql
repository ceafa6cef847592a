{%- set days_of_facts = [
    ('fct_transaction', 'value_date'), ('fct_transaction', 'booking_date'), ('fct_fund_flow', 'flow_date'),
    ('fct_repayment', 'repayment_date'), ('fct_contact', 'contact_date'), ('fct_complaint', 'received_date'),
    ('fct_campaign_response', 'targeted_date'), ('fct_survey', 'survey_date'), ('fct_referral', 'referral_date'),
] -%}

-- Grain: one calendar day, whole years around every day that a fact refers to. An instalment of a loan
-- that was taken over may have been due years before the first business date.
with referred as (
    select
        min(month_start_date) as first_date,
        max(month_end_date) as last_date
    from {{ ref('int_calendar__months') }}
    {% for fact, day in days_of_facts %}
        union all
        select
            min({{ day }}) as first_date,
            max({{ day }}) as last_date
        from {{ ref(fact) }}
    {% endfor %}
),

bounds as (
    select
        date_trunc('year', min(first_date)) as first_date,
        date_trunc('year', max(last_date)) + interval 1 year - interval 1 day as last_date
    from referred
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
