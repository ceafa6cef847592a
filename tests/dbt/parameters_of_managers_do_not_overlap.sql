-- A class of flow, measure, target or coefficient has one row on a day, never two.
with parameters_of_managers as (
    select
        'flow_class' as seed_name,
        flow_class_code as parameter_name,
        valid_from,
        valid_to
    from {{ ref('flow_class') }}
    union all
    select
        'manager_measure' as seed_name,
        measure_code as parameter_name,
        valid_from,
        valid_to
    from {{ ref('manager_measure') }}
    union all
    select
        'manager_target' as seed_name,
        concat_ws(' ', measure_code, manager_type, branch_level) as parameter_name,
        valid_from,
        valid_to
    from {{ ref('manager_target') }}
    union all
    select
        'deposit_coefficient' as seed_name,
        product_family as parameter_name,
        valid_from,
        valid_to
    from {{ ref('deposit_coefficient') }}
)

select
    seed_name,
    parameter_name,
    valid_from,
    valid_to,
    lead(valid_from) over parameter_history as next_from
from parameters_of_managers
window parameter_history as (partition by seed_name, parameter_name order by valid_from)
qualify valid_from >= valid_to or valid_to > lead(valid_from) over parameter_history
