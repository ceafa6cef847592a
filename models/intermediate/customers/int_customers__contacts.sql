-- Where a unified person lives and how to reach them, version by version: the latest change that any
-- system knows, ties to the most trusted one. Addresses, numbers and family names are tokens: equal for
-- values that compare as equal.
{{ config(materialized='view', schema='staging') }}

with source_records as (
    select * from {{ ref('int_customers__source_records') }}
),

xref as (
    select * from {{ ref('int_customers__xref') }}
),

unified_records as (
    select
        xref.customer_durable_key,
        source_records.*
    from source_records
    inner join xref
        on
            source_records.source_system = xref.source_system
            and source_records.customer_id = xref.source_customer_id
),

golden_records as (
    {{ golden_record(
        'unified_records', ['branch', 'loan', 'card'],
        ['full_name', 'full_name_family', 'customer_type'], ['phone_match', 'address_match', 'city']
    ) }}
),

contact_versions as (
    {{ versions(
        'golden_records', 'customer_durable_key',
        ['full_name', 'full_name_family', 'customer_type', 'phone_match', 'address_match', 'city']
    ) }}
)

select * from contact_versions
