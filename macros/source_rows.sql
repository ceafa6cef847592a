{#- Rows of a feed that count: of its loaded deliveries, the latest rerun of each business date. -#}
{% macro source_rows(source_name, feed) -%}
    select source_feed.*
    from {{ source(source_name, feed) }} as source_feed
    inner join {{ source('ops', 'whole_load') }} as whole_load
        on source_feed.load_id = whole_load.load_id
{%- endmacro %}
