{#-
    Incremental strategy `rebuild_from`: delete what refresh_from touches, insert it again.

    The model's meta names the rows to delete, which must be exactly those its own query returns again:
    rebuild_column, rebuild_operator (>= or >) and rebuild_unit (month: from the first day of the month of
    refresh_from; day: from the day itself). Defaults stand in dbt_project.yml.
-#}
{% macro get_incremental_rebuild_from_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- set meta = model.config.meta -%}
    {%- if meta.rebuild_unit not in ['day', 'month'] or meta.rebuild_operator not in ['>=', '>'] -%}
        {{ exceptions.raise_compiler_error("rebuild_unit is day or month, rebuild_operator >= or >; found " ~ meta) }}
    {%- endif -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ meta.rebuild_column }} {{ meta.rebuild_operator }}
        {{ refresh_from_month() if meta.rebuild_unit == 'month' else refresh_from() }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{%- endmacro %}
