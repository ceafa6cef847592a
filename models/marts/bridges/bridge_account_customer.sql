-- Grain: one owner of one account in one elementary segment of time (half-open). On every date on
-- which an account has an owner, its weights sum to 1.
select
    account_durable_key,
    customer_durable_key,
    party_role,
    valid_from,
    valid_to,
    weight
from {{ ref('int_accounts__owners') }}
