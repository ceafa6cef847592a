{#-
    Incremental strategy `rebuild_from`: delete what refresh_from touches, insert it anew.

    The model's incremental_predicates name the rows to delete, which must be exactly those its own
    query returns again. They stand in the parsed project, so they say REFRESH_FROM or
    REFRESH_FROM_MONTH where the date belongs that only this run knows.
-#}
{% macro get_incremental_rebuild_from_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- set predicate = arg_dict['incremental_predicates'] | join(' and ') -%}
    {%- set predicate = predicate | replace('REFRESH_FROM_MONTH', refresh_from_month()) -%}
    {%- set predicate = predicate | replace('REFRESH_FROM', refresh_from()) -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ predicate }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{%- endmacro %}
