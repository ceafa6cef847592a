-- What instalments were paid is what the loan system says was paid, loan by loan, to the cent.
with matched as (
    select
        loan_id,
        sum(paid_amount) as paid_amount
    from {{ ref('fct_repayment') }}
    group by loan_id
),

delivered as (
    select
        loan_id,
        sum(principal_paid_amount + interest_paid_amount) as paid_amount
    from {{ ref('stg_loan__repayments') }}
    group by loan_id
)

select
    coalesce(matched.loan_id, delivered.loan_id) as loan_id,
    matched.paid_amount,
    delivered.paid_amount as delivered_amount
from matched
full outer join delivered on matched.loan_id = delivered.loan_id
where coalesce(matched.paid_amount, 0) <> coalesce(delivered.paid_amount, 0)
