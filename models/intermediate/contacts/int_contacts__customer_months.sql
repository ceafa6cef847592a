{{ config(materialized='incremental') }}

-- Contacts due and kept, counted per week or month and capped there: three contacts in one week do not
-- make up for a missed week.
-- Grain: one customer of one manager in one month in which a contact was due.
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
    from {{ ref('int_contacts__contacts') }}
    where keeps_cadence and contact_date >= (select min(periods.period_from) from periods)
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
)

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
