-- Grain: one version of one unified customer (SCD type 2); its validity is half-open.
{%- set columns = [
    'customer_key', 'customer_durable_key', 'industry_key', 'full_name', 'full_name_token', 'customer_type',
    'gender', 'city', 'industry_code', 'document_type', 'source_system_count', 'is_inferred', 'is_current',
    'birth_date', 'valid_from', 'valid_to',
] %}

with source_systems as (
    select
        customer_durable_key,
        cast(count(distinct source_system) as integer) as source_system_count
    from {{ ref('int_customers__xref') }}
    group by customer_durable_key
),

industries as (
    select * from {{ ref('dim_industry') }}
),

delivered_customers as (
    select
        versions.* exclude (full_name),
        -- many share a mask: digits of the key tell them apart wherever a name is shown or grouped by
        versions.full_name || ' ' || right(cast(versions.customer_durable_key as varchar), 6) as full_name,
        {{ member_key('industries.industry_key', 'versions.industry_code') }} as industry_key,
        {{ surrogate_key("versions.customer_durable_key", "versions.valid_from") }} as customer_key,
        source_systems.source_system_count,
        false as is_inferred
    from {{ ref('int_customers__versions') }} as versions
    inner join source_systems
        on versions.customer_durable_key = source_systems.customer_durable_key
    left join industries on versions.industry_code = industries.industry_code
),

inferred_customers as (
    select
        {{ surrogate_key("customer_durable_key", "cast('1900-01-01' as date)") }} as customer_key,
        customer_durable_key,
        cast(-1 as bigint) as industry_key,
        'Not yet delivered (' || source_system || ' ' || source_customer_id || ')' as full_name,
        cast(null as varchar) as full_name_token,
        cast(null as varchar) as customer_type,
        cast(null as varchar) as gender,
        cast(null as varchar) as city,
        cast(null as varchar) as industry_code,
        cast(null as varchar) as document_type,
        0 as source_system_count,
        true as is_inferred,
        true as is_current,
        cast(null as date) as birth_date,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to
    from {{ ref('int_customers__references') }}
    where is_inferred
),

members as (
    select {{ columns | join(', ') }} from delivered_customers
    union all
    select {{ columns | join(', ') }} from inferred_customers
)

{{ with_special_members(
    'members', columns,
    keys=['customer_key', 'customer_durable_key', 'industry_key'], names=['full_name'],
    values=scd2_special_values({'source_system_count': '0'})
) }}
