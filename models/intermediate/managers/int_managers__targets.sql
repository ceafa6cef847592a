{{ config(materialized='ephemeral') }}

-- The target of each measure for each manager: a named type of manager counts before every other, a
-- named level of the unit likewise. Grain: one manager, measure and month for which there is a target.
select
    manager_months.manager_durable_key,
    manager_months.month_end_date,
    targets.measure_code,
    targets.target_value,
    targets.base_value
from {{ ref('int_managers__months') }} as manager_months
inner join {{ ref('manager_target') }} as targets
    on
        targets.manager_type in (manager_months.manager_type, '*')
        and targets.branch_level in (manager_months.branch_level, '*')
        and {{ valid_on('targets', 'manager_months.as_of_date') }}
qualify row_number() over (
    partition by manager_months.manager_durable_key, manager_months.month_end_date, targets.measure_code
    order by
        case targets.manager_type when '*' then 1 else 0 end asc,
        case targets.branch_level when '*' then 1 else 0 end asc
) = 1
