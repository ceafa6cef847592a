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
        months.month_end_date
    from {{ ref('int_customers__contracts') }} as contracts
    inner join months on contracts.known_from <= months.as_of_date
    group by contracts.customer_durable_key, months.month_end_date, months.month_start_date, months.as_of_date
    having
        min(contracts.started_date) >= months.month_start_date
        and min(contracts.started_date) <= months.as_of_date
)

select
    manager_months.manager_durable_key,
    manager_months.month_end_date,
    cast(coalesce(sum(books.weight) filter (where new_customers.customer_durable_key is not null), 0) as decimal(24, 6))
        as new_customer_count
from manager_months
left join {{ ref('int_customers__managers') }} as books
    on
        manager_months.manager_durable_key = books.manager_durable_key
        and {{ valid_on('books', 'manager_months.as_of_date') }}
left join new_customers
    on
        books.customer_durable_key = new_customers.customer_durable_key
        and manager_months.month_end_date = new_customers.month_end_date
group by manager_months.manager_durable_key, manager_months.month_end_date
