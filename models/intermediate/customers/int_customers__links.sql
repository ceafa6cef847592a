-- Which unified customer each source customer belonged to, from when to when. The key is that of the
-- member whose key survives in the unified customer: the same as the key of that member while it stood alone,
-- or was only named by an account.
select
    {{ surrogate_key("'customer'", "survivor_system", "survivor_customer_id") }} as customer_durable_key,
    source_system,
    source_customer_id,
    match_rule,
    is_current,
    valid_from,
    valid_to,
    match_confidence
from {{ ref('stg_identity__links') }}
