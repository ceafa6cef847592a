-- On every date on which a customer has a manager, the shares of its managers sum to exactly 1.
select
    customer_durable_key,
    valid_from,
    sum(weight) as weight
from {{ ref('bridge_manager_customer') }}
group by customer_durable_key, valid_from
having sum(weight) <> 1
