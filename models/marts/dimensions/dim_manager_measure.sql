-- Grain: one measure of managers, by its latest parameters.
{%- set columns = [
    'manager_measure_key', 'measure_code', 'measure_name', 'measure_name_zh', 'measure_kind', 'sign', 'ordinal',
] %}

with members as (
    select
        {{ surrogate_key("'manager_measure'", "measure_code") }} as manager_measure_key,
        * exclude (weight, valid_from, valid_to)
    from {{ ref('manager_measure') }}
    qualify row_number() over (partition by measure_code order by valid_from desc) = 1
)

{{ with_special_members('members', columns, keys=['manager_measure_key'], names=['measure_name']) }}
