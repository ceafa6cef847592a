-- The position of a credit card holds until the next one is delivered (half-open).
-- One row per credit card and delivered position.
select
    {{ surrogate_key("'card'", "card_id") }} as account_durable_key,
    card_id,
    balance,
    overdue_amount,
    days_past_due,
    business_date as valid_from,
    lead(business_date, 1, cast('9999-12-31' as date))
        over (partition by card_id order by business_date) as valid_to
from {{ ref('stg_card__card_balances') }}
