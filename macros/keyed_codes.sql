{#-
    The codes of a seed with the key that its dimension gives them, so that a model below the dimension
    reads the same key. The seed `channel` has a column channel_code and gets channel_key.
-#}
{% macro keyed_codes(seed) -%}
    select
        {{ surrogate_key("'" ~ seed ~ "'", seed ~ "_code") }} as {{ seed }}_key,
        *
    from {{ ref(seed) }}
{%- endmacro %}
