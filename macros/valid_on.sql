{#- Whether a row with a half-open validity holds on a date. -#}
{% macro valid_on(alias, day) -%}
    {{ day }} >= {{ alias }}.valid_from
    and {{ day }} < {{ alias }}.valid_to
{%- endmacro %}
