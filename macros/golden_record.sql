{#-
    Golden records of unified customers: one row per customer and date on which any system delivered.

    relation: CTE of source records with customer_durable_key, source_system, precedence (1 is the
    most trusted), customer_id, business_date.
    by_precedence: attributes that take the last value of the most trusted system that has one.
    by_recency: attributes that take the value that changed last in any system; of several changes
    on a date that of the most trusted system, then of the smallest id.
-#}
{% macro golden_record(relation, systems, by_precedence, by_recency) -%}
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
                *,
                {%- for attribute in by_recency %}
                lag({{ attribute }}) over source_history as previous_{{ attribute }}{{ "," if not loop.last }}
                {%- endfor %}
            from {{ relation }}
            window source_history as (partition by source_system, customer_id order by business_date)
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
