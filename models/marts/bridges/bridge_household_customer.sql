-- Grain: one member of one household or group in one validity (half-open). On a day a customer is in
-- at most one household and in at most one group.
select
    household_key,
    customer_durable_key,
    household_kind,
    member_role,
    valid_to = cast('9999-12-31' as date) as is_current,
    valid_from,
    valid_to
from {{ ref('int_households__members') }}
