{{ config(materialized='ephemeral') }}

-- Contacts with the customer, manager and team of the day, and whether they count for the cadence.
-- Grain: one contact.
with contacts as (
    select
        contacts.*,
        coalesce(contact_types.keeps_cadence, false) and contacts.outcome_code = 'REACHED' as keeps_cadence
    from {{ ref('stg_contact__contacts') }} as contacts
    left join {{ ref('contact_type') }} as contact_types
        on
            contacts.contact_type_code = contact_types.contact_type_code
            and {{ valid_on('contact_types', 'contacts.contact_date') }}
)

{{ contact_members('contacts', 'contact_date') }}
