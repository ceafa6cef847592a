-- Principal of a loan month, debt of a card month: the end balance of the account month, to the cent.
with credit as (
    select
        account_durable_key,
        month_end_date,
        principal_balance as balance
    from {{ ref('fct_loan_monthly') }}
    union all
    select
        account_durable_key,
        month_end_date,
        end_balance as balance
    from {{ ref('fct_card_monthly') }}
)

select
    credit.account_durable_key,
    credit.month_end_date,
    credit.balance,
    account_months.end_balance
from credit
inner join {{ ref('fct_account_monthly') }} as account_months
    on
        credit.account_durable_key = account_months.account_durable_key
        and credit.month_end_date = account_months.month_end_date
where credit.balance <> account_months.end_balance
