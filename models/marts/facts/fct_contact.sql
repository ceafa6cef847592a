{{ config(materialized='incremental', meta={'rebuild_column': 'contact_date', 'rebuild_unit': 'day'}) }}

-- Grain: one contact between a manager and a customer. Counts and minutes are additive.
with contacts as (
    select * from {{ ref('int_contacts__contacts') }}
    where contact_date >= {{ refresh_from() }}
)

select
    {{ surrogate_key("'contact'", "contacts.contact_id") }} as contact_key,
    contacts.contact_date,
    contacts.customer_key,
    contacts.customer_durable_key,
    contacts.manager_key,
    contacts.manager_durable_key,
    contacts.branch_key,
    {{ member_key('channels.channel_key', 'contacts.channel_code') }} as channel_key,
    contacts.contact_id,
    contacts.contact_type_code,
    contacts.direction,
    contacts.outcome_code,
    contacts.keeps_cadence,
    contacts.report_date is not null as has_report,
    contacts.contact_at,
    contacts.report_date,
    contacts.duration_minutes,
    cast(datediff('day', contacts.contact_date, contacts.report_date) as integer) as days_to_report
from contacts
left join {{ ref('dim_channel') }} as channels
    on contacts.channel_code = channels.channel_code
