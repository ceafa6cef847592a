{{ config(materialized='ephemeral') }}

-- Customers whose first contract began in the month, as far as known at its end, by the shares of
-- their managers then. Grain: one manager in one month.
with manager_months as (
    select * from {{ ref('int_managers__months') }}
),

months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }} and period_days > 0
),

new_customers as (
    select
        contracts.customer_durable_key,
        months.month_end_date,
        months.as_of_date
    from {{ ref('int_customers__contracts') }} as contracts
    inner join months on contracts.known_from <= months.as_of_date
    group by contracts.customer_durable_key, months.month_end_date, months.month_start_date, months.as_of_date
    having
        min(contracts.started_date) >= months.month_start_date
        and min(contracts.started_date) <= months.as_of_date
),

shares as (
    {{ shares_of_managers('new_customers', 'as_of_date', is_of_one_customer=true) }}
),

sums as (
    select
        manager_durable_key,
        month_end_date,
        sum(weight_units) as customer_units
    from shares
    group by manager_durable_key, month_end_date
)

select
    manager_months.manager_durable_key,
    manager_months.month_end_date,
    {{ divide_ratio('coalesce(sums.customer_units, 0)', '1000000000000') }} as new_customer_count
from manager_months
left join sums
    on
        manager_months.manager_durable_key = sums.manager_durable_key
        and manager_months.month_end_date = sums.month_end_date
