{{ config(
    materialized='incremental',
    incremental_strategy='rebuild_from',
    incremental_predicates=['contact_date >= REFRESH_FROM'],
) }}

-- Grain: one contact between a manager and a customer. Counts and minutes are additive.
with contacts as (
    select * from {{ ref('stg_contact__contacts') }}
    where contact_date >= {{ refresh_from() }}
),

contact_types as (
    select * from {{ ref('contact_type') }}
),

keyed_contacts as (
    {{ contact_members('contacts', 'contact_date') }}
)

select
    {{ surrogate_key("'contact'", "keyed_contacts.contact_id") }} as contact_key,
    keyed_contacts.contact_date,
    keyed_contacts.customer_key,
    keyed_contacts.customer_durable_key,
    keyed_contacts.manager_key,
    keyed_contacts.manager_durable_key,
    keyed_contacts.branch_key,
    {{ member_key('channels.channel_key', 'keyed_contacts.channel_code') }} as channel_key,
    keyed_contacts.contact_id,
    keyed_contacts.contact_type_code,
    keyed_contacts.direction,
    keyed_contacts.outcome_code,
    coalesce(contact_types.keeps_cadence, false) and keyed_contacts.outcome_code = 'REACHED' as keeps_cadence,
    keyed_contacts.report_date is not null as has_report,
    keyed_contacts.contact_at,
    keyed_contacts.report_date,
    keyed_contacts.duration_minutes,
    cast(datediff('day', keyed_contacts.contact_date, keyed_contacts.report_date) as integer) as days_to_report
from keyed_contacts
left join {{ ref('dim_channel') }} as channels
    on keyed_contacts.channel_code = channels.channel_code
left join contact_types
    on
        keyed_contacts.contact_type_code = contact_types.contact_type_code
        and {{ valid_on('contact_types', 'keyed_contacts.contact_date') }}
