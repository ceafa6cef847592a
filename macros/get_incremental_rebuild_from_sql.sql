{#-
    Incremental strategy `rebuild_from`: delete what refresh_from touches, insert it anew.
    The rows to delete are named by the model's incremental_predicates, which must select
    exactly the rows that the model's own query returns again.
-#}
{% macro get_incremental_rebuild_from_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }}
    where {{ arg_dict['incremental_predicates'] | join(' and ') }};

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{%- endmacro %}
