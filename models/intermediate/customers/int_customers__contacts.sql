-- Where a unified person lives and how to reach them, version by version: the latest change that any
-- system knows, ties to the most trusted one. Addresses, numbers and family names are tokens: equal for
-- values that compare as equal.
{{ config(materialized='view', schema='staging') }}

with golden_records as (
    {{ golden_record(
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
