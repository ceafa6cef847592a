-- Every unit under itself and under each unit above it, as the tree was.
-- Grain: one ancestor of one descendant in one stretch of time (half-open).
with recursive parents as (
    select * from {{ ref('int_branches__parents') }}
),

climb as (
    select distinct
        branch_durable_key as ancestor_key,
        branch_durable_key as descendant_key,
        0 as depth_from_ancestor,
        [branch_durable_key] as unit_path,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to
    from parents
    union all
    select
        parents.parent_durable_key as ancestor_key,
        climb.descendant_key,
        climb.depth_from_ancestor + 1 as depth_from_ancestor,
        list_append(climb.unit_path, parents.parent_durable_key) as unit_path,
        greatest(climb.valid_from, parents.valid_from) as valid_from,
        least(climb.valid_to, parents.valid_to) as valid_to
    from climb
    inner join parents
        on
            climb.ancestor_key = parents.branch_durable_key
            and climb.valid_from < parents.valid_to
            and climb.valid_to > parents.valid_from
    where
        parents.parent_durable_key is not null
        -- a circle in the delivery must not run for ever
        and not list_contains(climb.unit_path, parents.parent_durable_key)
),

top_changes as (
    select
        branch_durable_key,
        parent_durable_key is null as is_top,
        valid_from
    from parents
    qualify
        (parent_durable_key is null) is distinct from
        lag(parent_durable_key is null) over (partition by branch_durable_key order by valid_from)
),

top_spans as (
    select
        *,
        lead(valid_from, 1, cast('9999-12-31' as date))
            over (partition by branch_durable_key order by valid_from) as valid_to
    from top_changes
)

select
    climb.ancestor_key as ancestor_branch_durable_key,
    climb.descendant_key as descendant_branch_durable_key,
    cast(climb.depth_from_ancestor as integer) as depth_from_ancestor,
    top_spans.is_top,
    greatest(climb.valid_from, top_spans.valid_from) as valid_from,
    least(climb.valid_to, top_spans.valid_to) as valid_to
from climb
inner join top_spans
    on
        climb.ancestor_key = top_spans.branch_durable_key
        and climb.valid_from < top_spans.valid_to
        and climb.valid_to > top_spans.valid_from
