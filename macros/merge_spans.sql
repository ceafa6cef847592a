{#-
    Join spans that touch or overlap into one.

    relation: CTE with valid_from, valid_to (half-open).  columns: what a span is about.
    Returns columns, valid_from, valid_to, one row per unbroken span.
-#}
{% macro merge_spans(relation, columns) -%}
    select
        {{ columns | join(', ') }},
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from (
        select
            *,
            count(case when valid_from > reached then 1 end) over (
                partition by {{ columns | join(', ') }}
                order by valid_from, valid_to
                rows between unbounded preceding and current row
            ) as island
        from (
            select
                *,
                max(valid_to) over (
                    partition by {{ columns | join(', ') }}
                    order by valid_from, valid_to
                    rows between unbounded preceding and 1 preceding
                ) as reached
            from {{ relation }}
        ) as spans
    ) as numbered_spans
    group by {{ columns | join(', ') }}, island
{%- endmacro %}
