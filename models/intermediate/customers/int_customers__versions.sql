{%- set by_precedence = [
    'full_name', 'customer_type', 'gender', 'birth_date', 'industry_code', 'document_type',
] -%}
{%- set by_recency = ['city'] -%}

with golden_records as (
    {{ golden_record(by_precedence, by_recency) }}
),

customer_versions as (
    {{ versions('golden_records', 'customer_durable_key', by_precedence + by_recency) }}
)

select * from customer_versions
