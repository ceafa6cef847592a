-- Grain: one organisation unit: the ids of the units above it today and its own, as one text, so that
-- a row rule finds the unit's subtree by one of them. A merged unit has the path of its successor.
with branches as (
    select * from {{ ref('dim_branch') }}
    where is_current
),

closure as (
    select * from {{ ref('bridge_org_closure') }}
    where is_current
),

paths as (
    select
        closure.descendant_branch_durable_key as branch_durable_key,
        string_agg(
            ancestors.branch_id, '/' order by closure.depth_from_ancestor desc, ancestors.branch_id asc
        ) as unit_ids
    from closure
    inner join branches as ancestors on closure.ancestor_branch_durable_key = ancestors.branch_durable_key
    -- business of no known unit lies in nobody's subtree
    where ancestors.branch_durable_key > 0
    group by closure.descendant_branch_durable_key
)

select
    branches.branch_durable_key,
    '/' || paths.unit_ids || '/' as branch_path
from branches
inner join paths on branches.current_branch_durable_key = paths.branch_durable_key
