{%- set attributes = [
    'branch_id', 'branch_name', 'branch_level', 'parent_branch_id', 'successor_branch_id', 'city', 'opened_date', 'closed_date',
] -%}

-- A unit that a full snapshot lacks ends there: the version that follows is marked as deleted. It stays
-- the current one, because the business that still names the unit rolls up through it.
with snapshots as (
    select
        {{ surrogate_key("'branch'", "branch_id") }} as branch_durable_key,
        *
    from {{ ref('stg_branch__branches') }}
),

deliveries as (
    {{ with_deletions('snapshots', 'branch_durable_key') }}
),

branch_versions as (
    {{ versions('deliveries', 'branch_durable_key', attributes + ['is_deleted']) }}
)

select
    {{ surrogate_key("branch_durable_key", "valid_from") }} as branch_key,
    *
from branch_versions
