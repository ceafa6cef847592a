{#- Spans of a key follow each other without gap, overlap or zero length (half-open). -#}
{% test validity_is_seamless(model, key) %}
select *
from (
    select
        {{ key }},
        valid_from,
        valid_to,
        lead(valid_from) over (partition by {{ key }} order by valid_from) as next_from
    from {{ model }}
) as spans
where
    valid_from >= valid_to
    or valid_to <> coalesce(next_from, cast('9999-12-31' as date))
{% endtest %}
