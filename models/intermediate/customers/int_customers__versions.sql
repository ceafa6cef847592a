{%- set by_precedence = [
    'full_name', 'full_name_token', 'customer_type', 'gender', 'birth_date', 'industry_code', 'document_type',
] -%}
{%- set by_recency = ['city'] -%}

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
    {{ golden_record('unified_records', ['branch', 'loan', 'card'], by_precedence, by_recency) }}
),

customer_versions as (
    {{ versions('golden_records', 'customer_durable_key', by_precedence + by_recency) }}
)

select * from customer_versions
