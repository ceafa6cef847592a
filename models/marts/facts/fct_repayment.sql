-- Instalments that fell due or were paid, and how late. What is late today changes with every payment
-- and every night, hence a table over all dates. Amounts are additive.
-- Grain: one due or paid instalment of a loan, or what a loan paid beyond its known instalments.
with nights as (
    select max(as_of_date) as last_date from {{ ref('int_calendar__months') }}
),

instalments as (
    select
        instalment_payments.*,
        nights.last_date,
        coalesce(instalment_payments.due_date, instalment_payments.first_paid_date) as repayment_date,
        least(coalesce(instalment_payments.due_date, instalment_payments.first_paid_date), nights.last_date) as as_of_date
    from {{ ref('int_loans__instalment_payments') }} as instalment_payments
    cross join nights
    where instalment_payments.due_date <= nights.last_date or instalment_payments.paid_amount > 0
),

keyed_instalments as (
    {{ as_of_keys('instalments') }}
)

select
    {{ surrogate_key("account_durable_key", "instalment_number") }} as repayment_key,
    repayment_date,
    account_key,
    account_durable_key,
    customer_key,
    customer_durable_key,
    product_key,
    branch_key,
    manager_key,
    currency_key,
    account_id as loan_id,
    instalment_number,
    met_date is not null as is_met,
    met_date is null and due_date < last_date as is_overdue,
    due_date,
    first_paid_date,
    met_date,
    principal_due_amount,
    interest_due_amount,
    due_amount,
    paid_amount,
    case
        when due_date is null then null
        when met_date is null then cast(greatest(due_amount - paid_amount, 0) as decimal(18, 2))
        else cast(0 as decimal(18, 2))
    end as unpaid_amount,
    payment_count,
    case
        when due_date <= last_date or met_date is not null
            then cast(datediff('day', due_date, coalesce(met_date, last_date)) as integer)
    end as days_late
from keyed_instalments
