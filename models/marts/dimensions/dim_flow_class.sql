-- Grain: one class of flow, by its latest parameters.
{%- set columns = [
    'flow_class_key', 'flow_class_code', 'flow_class_name', 'flow_class_name_zh', 'flow_group', 'ordinal', 'is_growth',
] %}

with members as (
    select
        {{ surrogate_key("'flow_class'", "flow_class_code") }} as flow_class_key,
        * exclude (valid_from, valid_to)
    from {{ ref('flow_class') }}
    qualify row_number() over (partition by flow_class_code order by valid_from desc) = 1
)

{{ with_special_members(
    'members', columns,
    keys=['flow_class_key'], names=['flow_class_name', 'flow_group'],
    values={'is_growth': 'false'}
) }}
