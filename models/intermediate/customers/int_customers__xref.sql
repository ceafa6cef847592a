-- Facts of every day go by what is known today: the current link of each source customer.
select
    source_system,
    source_customer_id,
    customer_durable_key,
    match_rule,
    match_confidence
from {{ ref('int_customers__links') }}
where is_current
