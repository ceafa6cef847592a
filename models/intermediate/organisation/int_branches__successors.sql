-- The unit that today stands for each unit: itself, or the last of the units that took it over.
-- Grain: one unit.
with recursive units as (
    select * from {{ ref('int_branches__versions') }}
    where is_current
),

chains as (
    select
        branch_durable_key,
        branch_durable_key as current_branch_durable_key,
        successor_branch_id,
        [branch_durable_key] as unit_path
    from units
    union all
    select
        chains.branch_durable_key,
        successors.branch_durable_key as current_branch_durable_key,
        successors.successor_branch_id,
        list_append(chains.unit_path, successors.branch_durable_key) as unit_path
    from chains
    inner join units as successors on chains.successor_branch_id = successors.branch_id
    -- two units that name each other as successor must not run for ever
    where not list_contains(chains.unit_path, successors.branch_durable_key)
)

select
    branch_durable_key,
    current_branch_durable_key
from chains
qualify row_number() over (partition by branch_durable_key order by len(unit_path) desc) = 1
