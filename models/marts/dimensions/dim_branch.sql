-- Grain: one version of one organisation unit (SCD type 2); its validity is half-open. The names of
-- the levels above are those of its time; the unit that stands for it is today's.
{%- set columns = [
    'branch_key', 'branch_durable_key', 'current_branch_durable_key', 'branch_id', 'branch_name', 'branch_level',
    'parent_branch_id', 'successor_branch_id', 'head_office_name', 'region_name',
    'main_branch_name', 'city', 'is_current', 'is_deleted', 'opened_date', 'closed_date', 'valid_from', 'valid_to',
] %}

with members as (
    select
        versions.*,
        successors.current_branch_durable_key
    from {{ ref('int_branches__levels') }} as versions
    inner join {{ ref('int_branches__successors') }} as successors
        on versions.branch_durable_key = successors.branch_durable_key
)

{{ with_special_members(
    'members', columns,
    keys=['branch_key', 'branch_durable_key', 'current_branch_durable_key'],
    names=['branch_name', 'head_office_name', 'region_name', 'main_branch_name'],
    values=scd2_special_values({'is_deleted': 'false'})
) }}
