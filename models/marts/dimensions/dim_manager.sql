-- Grain: one version of one manager (SCD type 2); its validity is half-open.
{%- set columns = [
    'manager_key', 'manager_durable_key', 'manager_id', 'manager_name', 'manager_type', 'branch_id',
    'is_current', 'is_deleted', 'hired_date', 'left_date', 'valid_from', 'valid_to',
] %}

with members as (
    select {{ columns | join(', ') }} from {{ ref('int_managers__versions') }}
)

{{ with_special_members(
    'members', columns,
    keys=['manager_key', 'manager_durable_key'], names=['manager_name'],
    values=scd2_special_values({'is_deleted': 'false'})
) }}
