-- The position of a loan holds until the next one is delivered (half-open).
-- One row per loan and delivered position.
select
    {{ surrogate_key("'loan'", "loan_id") }} as account_durable_key,
    loan_id,
    principal_balance,
    overdue_principal_amount,
    overdue_interest_amount,
    days_past_due,
    business_date as valid_from,
    lead(business_date, 1, cast('9999-12-31' as date))
        over (partition by loan_id order by business_date) as valid_to
from {{ ref('stg_loan__loan_statuses') }}
