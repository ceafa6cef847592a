{%- set attributes = [
    'branch_id', 'branch_name', 'branch_level', 'parent_branch_id', 'successor_branch_id', 'city', 'opened_date', 'closed_date',
    'head_office_name', 'region_name', 'main_branch_name', 'is_deleted',
] -%}

-- Units with the names of the levels above them, as both were: a renamed region or a moved branch
-- opens a version of every unit below. Grain: one version of one unit (half-open).
with versions as (
    select * from {{ ref('int_branches__versions') }}
),

lines as (
    select
        closure.descendant_branch_durable_key as branch_durable_key,
        ancestors.branch_name,
        ancestors.branch_level,
        greatest(closure.valid_from, ancestors.valid_from) as valid_from,
        least(closure.valid_to, ancestors.valid_to) as valid_to
    from {{ ref('int_branches__closure') }} as closure
    inner join versions as ancestors
        on
            closure.ancestor_branch_durable_key = ancestors.branch_durable_key
            and closure.valid_from < ancestors.valid_to
            and closure.valid_to > ancestors.valid_from
),

boundaries as (
    select
        branch_durable_key,
        valid_from as business_date
    from lines
    union
    select
        branch_durable_key,
        valid_from as business_date
    from versions
),

level_names as (
    select
        boundaries.branch_durable_key,
        boundaries.business_date,
        max(lines.branch_name) filter (where lines.branch_level = 'HEAD_OFFICE') as head_office_name,
        max(lines.branch_name) filter (where lines.branch_level = 'REGION') as region_name,
        max(lines.branch_name) filter (where lines.branch_level = 'BRANCH') as main_branch_name
    from boundaries
    inner join lines
        on
            boundaries.branch_durable_key = lines.branch_durable_key
            and {{ valid_on('lines', 'boundaries.business_date') }}
    group by boundaries.branch_durable_key, boundaries.business_date
),

flattened_units as (
    select
        versions.* exclude (versions.valid_from, versions.valid_to, versions.is_current, versions.branch_key),
        level_names.business_date,
        level_names.head_office_name,
        level_names.region_name,
        level_names.main_branch_name
    from level_names
    inner join versions
        on
            level_names.branch_durable_key = versions.branch_durable_key
            and {{ valid_on('versions', 'level_names.business_date') }}
),

level_versions as (
    {{ versions('flattened_units', 'branch_durable_key', attributes) }}
)

select
    {{ surrogate_key("branch_durable_key", "valid_from") }} as branch_key,
    *
from level_versions
