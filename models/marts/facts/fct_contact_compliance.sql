{{ config(
    materialized='incremental',
    incremental_strategy='rebuild_from',
    incremental_predicates=['month_end_date >= REFRESH_FROM_MONTH'],
) }}

-- Grain: one customer of one manager in one month in which a contact was due. Due and kept are counted
-- per week or month and capped there: three contacts in one week do not make up for a missed week.
with periods as (
    select * from {{ ref('int_contacts__periods') }}
    where month_end_date >= {{ refresh_from_month() }}
),

months as (
    select * from {{ ref('int_calendar__months') }}
),

-- The lead manager of the period's last day answers for the whole period.
due_periods as (
    select
        grades.customer_durable_key,
        lead_managers.manager_durable_key,
        periods.month_end_date,
        grades.grade_code,
        periods.period_from,
        periods.period_to,
        cadences.contacts_per_period
    from periods
    inner join {{ ref('int_contacts__grades') }} as grades
        on periods.month_end_date = grades.month_end_date
    inner join {{ ref('contact_cadence') }} as cadences
        on
            grades.grade_code = cadences.grade_code
            and periods.period_type = cadences.period_type
            and {{ valid_on('cadences', 'periods.last_date') }}
    inner join {{ ref('int_customers__lead_managers') }} as lead_managers
        on
            grades.customer_durable_key = lead_managers.customer_durable_key
            and {{ valid_on('lead_managers', 'periods.last_date') }}
),

-- Whoever of the bank reaches the customer keeps the cadence; a stand-in's contact is one too.
days_of_contact as (
    select
        customer_durable_key,
        contact_date,
        count(*) as contact_count
    from {{ ref('fct_contact') }}
    where keeps_cadence
    group by customer_durable_key, contact_date
),

counted_periods as (
    select
        due_periods.customer_durable_key,
        due_periods.manager_durable_key,
        due_periods.month_end_date,
        due_periods.grade_code,
        due_periods.period_from,
        due_periods.contacts_per_period,
        coalesce(sum(days_of_contact.contact_count), 0) as contact_count
    from due_periods
    left join days_of_contact
        on
            due_periods.customer_durable_key = days_of_contact.customer_durable_key
            and due_periods.period_from <= days_of_contact.contact_date
            and due_periods.period_to > days_of_contact.contact_date
    group by all
),

months_of_customers as (
    select
        counted_periods.manager_durable_key,
        counted_periods.customer_durable_key,
        counted_periods.month_end_date,
        months.as_of_date,
        months.is_complete_month,
        counted_periods.grade_code,
        sum(counted_periods.contacts_per_period) as contacts_due,
        sum(least(counted_periods.contact_count, counted_periods.contacts_per_period)) as contacts_kept,
        sum(counted_periods.contact_count) as contacts_made
    from counted_periods
    inner join months on counted_periods.month_end_date = months.month_end_date
    group by all
)

select
    {{ surrogate_key(
        "months_of_customers.manager_durable_key", "months_of_customers.customer_durable_key", "months_of_customers.month_end_date"
    ) }} as contact_compliance_key,
    months_of_customers.month_end_date,
    coalesce(managers.manager_key, -2) as manager_key,
    months_of_customers.manager_durable_key,
    customers.customer_key,
    months_of_customers.customer_durable_key,
    {{ member_key('units.branch_key', 'managers.branch_id') }} as branch_key,
    months_of_customers.grade_code,
    months_of_customers.is_complete_month,
    cast(months_of_customers.contacts_due as integer) as contacts_due,
    cast(months_of_customers.contacts_kept as integer) as contacts_kept,
    cast(months_of_customers.contacts_made as integer) as contacts_made
from months_of_customers
inner join {{ ref('dim_customer') }} as customers
    on
        months_of_customers.customer_durable_key = customers.customer_durable_key
        and {{ valid_on('customers', 'months_of_customers.as_of_date') }}
left join {{ ref('dim_manager') }} as managers
    on
        months_of_customers.manager_durable_key = managers.manager_durable_key
        and {{ valid_on('managers', 'months_of_customers.as_of_date') }}
left join {{ ref('dim_branch') }} as units
    on
        managers.branch_id = units.branch_id
        and {{ valid_on('units', 'months_of_customers.as_of_date') }}
