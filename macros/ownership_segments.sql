{#-
    Cut overlapping validities into elementary segments, so that on every date the rows of an
    owned entity are exactly those of one segment.

    relation: CTE with owned, owner, weight, precedence, valid_from, valid_to (half-open).
    Returns the same columns, one row per owned entity, owner and elementary segment.
-#}
{% macro ownership_segments(relation, owned, owner) -%}
    select
        {{ owned }}, {{ owner }}, precedence,
        weight, segment_from as valid_from, segment_to as valid_to
    from (
        select
            parties.{{ owned }}, parties.{{ owner }}, parties.precedence, parties.weight,
            segments.segment_from, segments.segment_to
        from {{ relation }} as parties
        inner join (
            select
                {{ owned }},
                boundary as segment_from,
                lead(boundary) over (partition by {{ owned }} order by boundary) as segment_to
            from (
                select {{ owned }}, valid_from as boundary from {{ relation }}
                union
                select {{ owned }}, valid_to as boundary from {{ relation }}
            ) as boundaries
        ) as segments
            on
                parties.{{ owned }} = segments.{{ owned }}
                and parties.valid_from <= segments.segment_from
                and parties.valid_to >= segments.segment_to
    ) as elementary
{%- endmacro %}
