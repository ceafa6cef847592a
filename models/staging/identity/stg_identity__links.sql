{{ config(materialized='ephemeral') }}

-- Which unified customer each source customer belonged to, as the refresh decided before the build.
-- Grain: one customer id of one system in one validity (half-open).
select
    survivor_system,
    survivor_customer_id,
    source_system,
    source_customer_id,
    match_rule,
    is_current,
    valid_from,
    valid_to,
    match_confidence
from {{ source('identity', 'link') }}
