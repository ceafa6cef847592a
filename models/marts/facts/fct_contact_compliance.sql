{{ config(materialized='incremental') }}

-- Grain: one customer of one manager in one month in which a contact was due. Due and kept are counted
-- per week or month and capped there: three contacts in one week do not make up for a missed week.
with customer_months as (
    select * from {{ ref('int_contacts__customer_months') }}
    where month_end_date >= {{ refresh_from_month() }}
)

select
    {{ surrogate_key(
        "customer_months.manager_durable_key", "customer_months.customer_durable_key", "customer_months.month_end_date"
    ) }} as contact_compliance_key,
    customer_months.month_end_date,
    coalesce(managers.manager_key, -2) as manager_key,
    customer_months.manager_durable_key,
    customers.customer_key,
    customer_months.customer_durable_key,
    {{ member_key('units.branch_key', 'managers.branch_id') }} as branch_key,
    customer_months.grade_code,
    customer_months.is_complete_month,
    cast(customer_months.contacts_due as integer) as contacts_due,
    cast(customer_months.contacts_kept as integer) as contacts_kept,
    cast(customer_months.contacts_made as integer) as contacts_made
from customer_months
inner join {{ ref('dim_customer') }} as customers
    on
        customer_months.customer_durable_key = customers.customer_durable_key
        and {{ valid_on('customers', 'customer_months.as_of_date') }}
left join {{ ref('dim_manager') }} as managers
    on
        customer_months.manager_durable_key = managers.manager_durable_key
        and {{ valid_on('managers', 'customer_months.as_of_date') }}
left join {{ ref('dim_branch') }} as units
    on
        managers.branch_id = units.branch_id
        and {{ valid_on('units', 'customer_months.as_of_date') }}
