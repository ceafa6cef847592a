{%- set attributes = [
    'manager_id', 'manager_name', 'manager_type', 'branch_id', 'hired_date', 'left_date',
] -%}

-- A member that a full snapshot lacks ends there: the version that follows is marked as deleted.
with snapshots as (
    select
        {{ surrogate_key("'branch'", "manager_id") }} as manager_durable_key,
        *
    from {{ ref('stg_branch__managers') }}
),

deliveries as (
    {{ with_deletions('snapshots', 'manager_durable_key') }}
),

manager_versions as (
    {{ versions('deliveries', 'manager_durable_key', attributes + ['is_deleted']) }}
)

select
    {{ surrogate_key("manager_durable_key", "valid_from") }} as manager_key,
    * replace (is_current and not is_deleted as is_current)
from manager_versions
