{#-
    Warehouse key of a business key: 63 bits of its MD5, never a clock or a row number,
    so that the same night twice gives the same keys. Arguments: SQL expressions.
-#}
{% macro surrogate_key() -%}
    {{ adapter.dispatch('surrogate_key', 'bankcrm')(varargs) }}
{%- endmacro %}

{% macro duckdb__surrogate_key(parts) -%}
    cast(md5_number_lower(
        {%- for part in parts %}
        coalesce(cast({{ part }} as varchar), ''){{ " || '|' ||" if not loop.last }}
        {%- endfor -%}
    ) >> 1 as bigint)
{%- endmacro %}

{% macro default__surrogate_key(parts) -%}
    {{ exceptions.raise_compiler_error("surrogate_key is not written for " ~ target.type) }}
{%- endmacro %}
