{#- Survivorship: the branch system's value, else the loan system's, else the card system's. -#}
{%- set attributes = [
    'full_name', 'customer_type', 'gender', 'birth_date', 'city', 'industry_code', 'document_type',
] -%}
{%- set systems = ['branch', 'loan', 'card'] -%}

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

-- What each system last said, as of every delivery of any of them.
last_said as (
    select
        customer_durable_key,
        business_date,
        precedence,
        customer_id,
    {%- for attribute in attributes %}
        coalesce(
            {%- for system in systems %}
                last_value(case when source_system = '{{ system }}' then {{ attribute }} end ignore nulls)
                    over history{{ "," if not loop.last }}
            {%- endfor %}
        ) as {{ attribute }}{{ "," if not loop.last }}
    {%- endfor %}
    from unified_records
    window history as (
        partition by customer_durable_key
        order by business_date, precedence, customer_id
        rows between unbounded preceding and current row
    )
),

golden_records as (
    select customer_durable_key, business_date, {{ attributes | join(', ') }}
    from last_said
    qualify row_number() over (
        partition by customer_durable_key, business_date
        order by precedence desc, customer_id desc
    ) = 1
),

customer_versions as (
    {{ versions('golden_records', 'customer_durable_key', attributes) }}
)

select * from customer_versions
