-- Grain: one customer id of one source system in one validity (half-open), and the unified customer
-- it stood for. Filter is_current for today's truth, which all facts follow.
select
    customer_durable_key,
    source_system,
    source_customer_id,
    match_rule,
    is_current,
    valid_from,
    valid_to,
    match_confidence
from {{ ref('int_customers__links') }}
