-- The one manager a customer is shown under: the largest weight, then the smallest id.
-- One row per customer and elementary segment of the assignment.
select
    customer_durable_key,
    manager_durable_key,
    valid_from,
    valid_to
from {{ ref('int_customers__managers') }}
where manager_durable_key > 0
qualify row_number() over (
    partition by customer_durable_key, valid_from
    order by weight desc, manager_id asc
) = 1
