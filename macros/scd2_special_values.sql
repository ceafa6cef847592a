{#- Values of the columns that every version carries, for the special members of a dimension. -#}
{% macro scd2_special_values(further={}) -%}
    {%- set values = {
        'is_inferred': 'false',
        'is_current': 'true',
        'valid_from': "cast('1900-01-01' as date)",
        'valid_to': "cast('9999-12-31' as date)",
    } -%}
    {%- do values.update(further) -%}
    {{ return(values) }}
{%- endmacro %}
