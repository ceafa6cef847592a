{#-
    Slowly changing dimension, type 2, from dated extracts.

    relation: CTE with one row per entity and business_date on which it was delivered.
    key: the entity.  attributes: columns whose change opens a new version.
    Returns key, attributes, valid_from, valid_to (half-open), is_current. The first version
    reaches back to the beginning of time: a member that arrives after its fact completes it.
-#}
{% macro versions(relation, key, attributes) -%}
    select
        {{ key }},
        {{ attributes | join(',\n        ') }},
        case
            when row_number() over (partition by {{ key }} order by business_date) = 1
                then cast('1900-01-01' as date)
            else business_date
        end as valid_from,
        lead(business_date, 1, cast('9999-12-31' as date))
            over (partition by {{ key }} order by business_date) as valid_to,
        lead(business_date) over (partition by {{ key }} order by business_date) is null as is_current
    from (
        select
            *,
            lag(attributes_hash) over (partition by {{ key }} order by business_date) as previous_hash
        from (
            select *, {{ surrogate_key(*attributes) }} as attributes_hash
            from {{ relation }}
        ) as hashed_deliveries
    ) as deliveries
    where attributes_hash is distinct from previous_hash
{%- endmacro %}
