-- Every customer that a system has delivered or that something names.
-- Grain: one version of one unified customer (half-open validity); an inferred one has one for all time.
with source_systems as (
    select
        customer_durable_key,
        cast(count(distinct source_system) as integer) as source_system_count
    from {{ ref('int_customers__xref') }}
    group by customer_durable_key
)

select
    {{ surrogate_key("versions.customer_durable_key", "versions.valid_from") }} as customer_key,
    versions.customer_durable_key,
    -- many share a mask: digits of the key tell them apart wherever a name is shown or grouped by
    versions.full_name || ' ' || right(cast(versions.customer_durable_key as varchar), 6) as full_name,
    versions.full_name_token,
    versions.customer_type,
    versions.gender,
    versions.city,
    versions.industry_code,
    versions.document_type,
    source_systems.source_system_count,
    false as is_inferred,
    versions.is_current,
    versions.birth_date,
    versions.valid_from,
    versions.valid_to
from {{ ref('int_customers__versions') }} as versions
inner join source_systems
    on versions.customer_durable_key = source_systems.customer_durable_key
union all by name
select
    {{ surrogate_key("customer_durable_key", "cast('1900-01-01' as date)") }} as customer_key,
    customer_durable_key,
    'Not yet delivered (' || source_system || ' ' || source_customer_id || ')' as full_name,
    0 as source_system_count,
    true as is_inferred,
    true as is_current,
    cast('1900-01-01' as date) as valid_from,
    cast('9999-12-31' as date) as valid_to
from {{ ref('int_customers__references') }}
where is_inferred
