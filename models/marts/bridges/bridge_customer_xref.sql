-- Grain: one customer id of one source system, and the unified customer it stands for.
select
    customer_durable_key,
    source_system,
    source_customer_id,
    match_rule,
    match_confidence
from {{ ref('int_customers__xref') }}
