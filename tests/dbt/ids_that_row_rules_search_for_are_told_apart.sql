-- Row rules find a unit or a manager by its id between slashes, without regard to case: an id that holds
-- a slash, or differs from another by case alone, would open rows of others.
with ids as (
    select distinct
        'unit' as kind,
        branch_id as source_id
    from {{ ref('dim_branch') }}
    union all
    select distinct
        'manager' as kind,
        manager_id as source_id
    from {{ ref('dim_manager') }}
)

select
    kind,
    lower(source_id) as folded_id
from ids
group by kind, lower(source_id)
having count(*) > 1 and lower(source_id) is not null or contains(lower(source_id), '/')
