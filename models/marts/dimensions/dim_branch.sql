-- Grain: one version of one organisation unit (SCD type 2); its validity is half-open. The names of
-- the levels above are those of the latest tree.
{%- set columns = [
    'branch_key', 'branch_durable_key', 'branch_id', 'branch_name', 'branch_level',
    'parent_branch_id', 'successor_branch_id', 'head_office_name', 'region_name',
    'main_branch_name', 'city', 'is_current', 'opened_date', 'closed_date', 'valid_from', 'valid_to',
] %}

with recursive versions as (
    select * from {{ ref('int_branches__versions') }}
),

current_units as (
    select * from versions
    where is_current
),

ancestors as (
    select
        branch_id,
        branch_id as ancestor_id,
        branch_name,
        branch_level,
        parent_branch_id,
        0 as distance
    from current_units
    union all
    select
        ancestors.branch_id,
        parents.branch_id as ancestor_id,
        parents.branch_name,
        parents.branch_level,
        parents.parent_branch_id,
        ancestors.distance + 1 as distance
    from ancestors
    inner join current_units as parents
        on ancestors.parent_branch_id = parents.branch_id
    -- a tree of units has few levels; a circle in the delivery must not run for ever
    where ancestors.distance < 10
),

levels as (
    select
        branch_id,
        max(branch_name) filter (where branch_level = 'HEAD_OFFICE') as head_office_name,
        max(branch_name) filter (where branch_level = 'REGION') as region_name,
        max(branch_name) filter (where branch_level = 'BRANCH') as main_branch_name
    from ancestors
    group by branch_id
),

members as (
    select {{ columns | join(', ') | replace('branch_id, branch_name', 'versions.branch_id, branch_name') }}
    from versions
    inner join levels
        on versions.branch_id = levels.branch_id
)

{{ with_special_members(
    'members', columns,
    keys=['branch_key', 'branch_durable_key'],
    names=['branch_name', 'head_office_name', 'region_name', 'main_branch_name'],
    values=scd2_special_values()
) }}
