-- Grain: one version of one unified customer (SCD type 2); its validity is half-open.
{%- set columns = [
    'customer_key', 'customer_durable_key', 'industry_key', 'full_name', 'full_name_token', 'customer_type',
    'gender', 'city', 'industry_code', 'document_type', 'source_system_count', 'is_inferred', 'is_current',
    'birth_date', 'valid_from', 'valid_to',
] %}

with members as (
    select
        customers.*,
        {{ member_key('industries.industry_key', 'customers.industry_code') }} as industry_key
    from {{ ref('int_customers__members') }} as customers
    left join {{ ref('dim_industry') }} as industries on customers.industry_code = industries.industry_code
)

{{ with_special_members(
    'members', columns,
    keys=['customer_key', 'customer_durable_key', 'industry_key'], names=['full_name'],
    values=scd2_special_values({'source_system_count': '0'})
) }}
