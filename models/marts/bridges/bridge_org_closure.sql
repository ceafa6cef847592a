-- Grain: one unit under one unit above it (or under itself) in one stretch of time (half-open): the
-- tree as it was. Where is_top, each unit stands once, so sums over those rows are the bank's.
with closure as (
    select * from {{ ref('int_branches__closure') }}
),

-- Business of no or an unknown unit has no unit above it and keeps totals whole.
special_members as (
    select
        branch_durable_key as ancestor_branch_durable_key,
        branch_durable_key as descendant_branch_durable_key,
        0 as depth_from_ancestor,
        true as is_top,
        valid_from,
        valid_to
    from {{ ref('dim_branch') }}
    where branch_durable_key < 0
),

members as (
    select * from closure
    union all
    select * from special_members
)

select
    ancestor_branch_durable_key,
    descendant_branch_durable_key,
    cast(depth_from_ancestor as integer) as depth_from_ancestor,
    is_top,
    valid_to = cast('9999-12-31' as date) as is_current,
    valid_from,
    valid_to
from members
