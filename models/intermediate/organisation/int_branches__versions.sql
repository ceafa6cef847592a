{%- set attributes = [
    'branch_id', 'branch_name', 'branch_level', 'parent_branch_id', 'successor_branch_id', 'city', 'opened_date', 'closed_date',
] -%}

with snapshots as (
    select
        {{ surrogate_key("'branch'", "branch_id") }} as branch_durable_key,
        *
    from {{ ref('stg_branch__branches') }}
),

branch_versions as (
    {{ versions('snapshots', 'branch_durable_key', attributes) }}
)

select
    {{ surrogate_key("branch_durable_key", "valid_from") }} as branch_key,
    *
from branch_versions
