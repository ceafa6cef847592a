-- Where a unified person lives and how to reach them, version by version: the latest change that any
-- system knows, ties to the most trusted one. Clear addresses and numbers stay in this layer, which a
-- published version does not contain.
{{ config(materialized='view', schema='staging') }}

with golden_records as (
    {{ golden_record(['full_name', 'customer_type'], ['phone', 'address', 'city']) }}
),

contact_versions as (
    {{ versions(
        'golden_records', 'customer_durable_key',
        ['full_name', 'customer_type', 'phone', 'address', 'city']
    ) }}
)

select * from contact_versions
