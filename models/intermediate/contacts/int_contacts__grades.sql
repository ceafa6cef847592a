{{ config(materialized='ephemeral') }}

-- The grade that sets the cadence of a month: that of the month-end before, known when the month begins;
-- in a customer's first month its own. A customer without an account is owed no contact.
-- Grain: one customer in one month.
with grades as (
    select
        customer_durable_key,
        month_end_date,
        grade_code,
        is_active
    from {{ ref('int_customers__grades') }}
),

offers as (
    select
        customer_durable_key,
        last_day(cast(month_end_date + 1 as date)) as month_end_date,
        grade_code,
        is_active,
        1 as precedence
    from grades
    union all
    select
        customer_durable_key,
        month_end_date,
        grade_code,
        is_active,
        2 as precedence
    from grades
),

chosen_grades as (
    select *
    from offers
    qualify row_number() over (partition by customer_durable_key, month_end_date order by precedence) = 1
)

select
    customer_durable_key,
    month_end_date,
    grade_code
from chosen_grades
where is_active
