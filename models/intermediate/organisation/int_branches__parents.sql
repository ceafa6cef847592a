-- The unit above each unit, as it was; a parent that was never delivered counts as none.
-- Grain: one unit in one stretch of time under the same parent (half-open).
with versions as (
    select * from {{ ref('int_branches__versions') }}
),

units as (
    select distinct
        branch_id,
        branch_durable_key
    from versions
),

parents_of_versions as (
    select
        versions.branch_durable_key,
        parents.branch_durable_key as parent_durable_key,
        versions.valid_from,
        lag(parents.branch_durable_key) over unit_history as previous_parent_key,
        row_number() over unit_history as version_number
    from versions
    left join units as parents on versions.parent_branch_id = parents.branch_id
    window unit_history as (partition by versions.branch_durable_key order by versions.valid_from)
)

select
    branch_durable_key,
    parent_durable_key,
    valid_from,
    lead(valid_from, 1, cast('9999-12-31' as date))
        over (partition by branch_durable_key order by valid_from) as valid_to
from parents_of_versions
where version_number = 1 or parent_durable_key is distinct from previous_parent_key
