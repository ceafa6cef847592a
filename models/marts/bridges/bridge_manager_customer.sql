-- Grain: one manager of one customer in one elementary segment of time (half-open). On every
-- date on which a customer has a manager, the weights sum to 1.
select
    manager_durable_key,
    customer_durable_key,
    valid_from,
    valid_to,
    weight
from {{ ref('int_customers__managers') }}
