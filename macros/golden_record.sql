{#-
    Golden records of unified customers: one row per customer and date on which any system delivered.

    by_precedence: attributes that take the last value of the most trusted system that has one.
    by_recency: attributes that take the value that changed last in any system; of several changes
    on a date that of the most trusted system, then of the smallest id.
-#}
{% macro golden_record(by_precedence, by_recency) -%}
    {%- set systems = ['branch', 'loan', 'card'] %}
    select
        customer_durable_key,
        business_date,
        {{ (by_precedence + by_recency) | join(', ') }}
    from (
        select
            customer_durable_key,
            business_date,
            precedence,
            customer_id,
            {%- for attribute in by_precedence %}
            coalesce(
                {%- for system in systems %}
                last_value(case when source_system = '{{ system }}' then {{ attribute }} end ignore nulls)
                    over history{{ "," if not loop.last }}
                {%- endfor %}
            ) as {{ attribute }},
            {%- endfor %}
            {%- for attribute in by_recency %}
            last_value(case when {{ attribute }} is distinct from previous_{{ attribute }} then {{ attribute }} end ignore nulls)
                over history as {{ attribute }}{{ "," if not loop.last }}
            {%- endfor %}
        from (
            select
                xref.customer_durable_key,
                source_records.*,
                {%- for attribute in by_recency %}
                lag(source_records.{{ attribute }}) over source_history as previous_{{ attribute }}{{ "," if not loop.last }}
                {%- endfor %}
            from {{ ref('int_customers__source_records') }} as source_records
            inner join {{ ref('int_customers__xref') }} as xref
                on
                    source_records.source_system = xref.source_system
                    and source_records.customer_id = xref.source_customer_id
            window source_history as (
                partition by source_records.source_system, source_records.customer_id
                order by source_records.business_date
            )
        ) as changes
        window history as (
            partition by customer_durable_key
            order by business_date, precedence desc, customer_id desc
            rows between unbounded preceding and current row
        )
    ) as said
    qualify row_number() over (
        partition by customer_durable_key, business_date
        order by precedence, customer_id
    ) = 1
{%- endmacro %}
