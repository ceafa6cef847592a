{#-
    Foreign key to a dimension: the member found, else -1 where the source is silent
    and -2 where it names a member nobody delivered. The amount always counts.
-#}
{% macro member_key(found_key, source_id) -%}
    coalesce({{ found_key }}, case when {{ source_id }} is null then -1 else -2 end)
{%- endmacro %}
