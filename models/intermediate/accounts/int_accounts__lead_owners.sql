-- The one customer an account is shown under: the largest weight, an owner before a joint owner.
-- One row per account and elementary segment of its ownership.
select
    account_durable_key,
    customer_durable_key,
    valid_from,
    valid_to
from {{ ref('int_accounts__owners') }}
qualify row_number() over (
    partition by account_durable_key, valid_from
    order by
        weight desc,
        case party_role when 'OWNER' then 0 else 1 end asc,
        customer_durable_key asc
) = 1
