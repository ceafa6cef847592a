-- On a day a customer is in at most one household and in at most one group of companies.
select
    customer_durable_key,
    household_kind,
    valid_from
from (
    select
        customer_durable_key,
        household_kind,
        valid_from,
        lag(valid_to) over (
            partition by customer_durable_key, household_kind
            order by valid_from, valid_to
        ) as previous_to
    from {{ ref('bridge_household_customer') }}
) as memberships
where valid_from < previous_to
