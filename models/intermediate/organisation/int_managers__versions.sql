{%- set attributes = [
    'manager_id', 'manager_name', 'manager_type', 'branch_id', 'hired_date', 'left_date',
] -%}

with snapshots as (
    select
        {{ surrogate_key("'branch'", "manager_id") }} as manager_durable_key,
        *
    from {{ ref('stg_branch__managers') }}
),

manager_versions as (
    {{ versions('snapshots', 'manager_durable_key', attributes) }}
)

select
    {{ surrogate_key("manager_durable_key", "valid_from") }} as manager_key,
    *
from manager_versions
