-- Where a unified person lives and how to reach them, version by version: the latest change that any
-- system knows, ties to the most trusted one. Clear addresses and numbers stay in this layer, which a
-- published version does not contain.
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
        ['full_name', 'customer_type'], ['phone', 'address', 'city']
    ) }}
),

contact_versions as (
    {{ versions(
        'golden_records', 'customer_durable_key',
        ['full_name', 'customer_type', 'phone', 'address', 'city']
    ) }}
)

select * from contact_versions
