-- An instalment of a schedule holds until the loan is rescheduled (half-open).
-- One row per instalment and delivered version of it.
select
    {{ surrogate_key("'loan'", "loan_id") }} as account_durable_key,
    loan_id,
    instalment_number,
    due_date,
    principal_due_amount,
    interest_due_amount,
    business_date as valid_from,
    lead(business_date, 1, cast('9999-12-31' as date))
        over (partition by loan_id, instalment_number order by business_date) as valid_to
from {{ ref('stg_loan__schedules') }}
