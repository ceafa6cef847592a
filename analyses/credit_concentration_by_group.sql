-- Concentration of loans by group of companies, latest month
-- How to read: companies under one control count as one borrower, a borrower without a group stands
-- alone; the ten who owe most. The share is of all principal in the currency: a bank sets a limit to it.
-- Where one member does not perform, the whole group deserves a look.
with last_months as (
    select max(month_end_date) as month_end_date from marts.fct_loan_monthly
),

members as (
    select
        bridges.customer_durable_key,
        households.household_key,
        households.household_name
    from marts.bridge_household_customer as bridges
    inner join marts.dim_household as households on bridges.household_key = households.household_key
    where bridges.household_kind = 'GROUP' and bridges.is_current
),

loans as (
    select
        fct_loan_monthly.currency_key,
        fct_loan_monthly.principal_balance,
        fct_loan_monthly.is_non_performing,
        fct_loan_monthly.customer_durable_key,
        members.household_key is not null as is_group,
        coalesce(members.household_key, fct_loan_monthly.customer_durable_key) as borrower_key,
        coalesce(members.household_name, customers.full_name, 'Borrower not delivered') as borrower
    from marts.fct_loan_monthly
    inner join last_months on fct_loan_monthly.month_end_date = last_months.month_end_date
    inner join marts.dim_customer as customers
        on
            fct_loan_monthly.customer_durable_key = customers.customer_durable_key
            and customers.is_current
    left join members on fct_loan_monthly.customer_durable_key = members.customer_durable_key
),

borrowers as (
    select
        currency_key,
        borrower,
        is_group,
        count(distinct customer_durable_key) as borrower_count,
        sum(principal_balance) as principal,
        sum(case when is_non_performing then principal_balance else 0 end) as non_performing
    from loans
    group by currency_key, borrower_key, borrower, is_group
)

select
    currencies.currency_code as currency,
    borrowers.borrower,
    borrowers.is_group,
    borrowers.borrower_count,
    borrowers.principal,
    borrowers.non_performing,
    round(100 * borrowers.principal / nullif(greatest(sum(borrowers.principal) over bank, 0), 0), 2) as principal_share_percent
from borrowers
inner join marts.dim_currency as currencies on borrowers.currency_key = currencies.currency_key
window bank as (partition by borrowers.currency_key)
qualify row_number() over (partition by borrowers.currency_key order by borrowers.principal desc, borrowers.borrower asc) <= 10
order by currency asc, borrowers.principal desc, borrowers.borrower asc
