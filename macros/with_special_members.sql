{#-
    The members of a dimension and its three special ones: -1 missing, -2 orphan, -3 not applicable.

    relation: CTE of the delivered members, with exactly `columns`.
    keys: columns that take the special key.  names: columns that take the special name.
    values: SQL of further columns that may not be null, by column name.
-#}
{% macro with_special_members(relation, columns, keys, names, values={}) -%}
    select {{ columns | join(', ') }}
    from {{ relation }}
    {%- for key, name in [(-1, 'Missing'), (-2, 'Orphan'), (-3, 'Not applicable')] %}
    union all
    select
        {%- for column in columns %}
        {% if column in keys %}{{ key }}
        {%- elif column in names %}'{{ name }}'
        {%- else %}{{ values.get(column, 'null') }}
        {%- endif %} as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    {%- endfor %}
{%- endmacro %}
