-- Sum of margins + treasury residual = booked net interest income. The residual of the treasury is
-- what it charges to assets less what it credits to liabilities. Margin, interest and transfer
-- price are each rounded on their own, so an account month may be off by up to 1.5 cents, never more.
with account_months as (
    select
        *,
        case when account_type = 'DEPOSIT' then -ftp_amount else ftp_amount end as treasury_residual,
        coalesce(interest_income_amount, 0) - coalesce(interest_expense_amount, 0) as net_interest_income
    from {{ ref('fct_account_monthly') }}
    where has_ftp_margin
)

select
    account_durable_key,
    month_end_date,
    ftp_margin_amount,
    treasury_residual,
    net_interest_income
from account_months
where abs(ftp_margin_amount + treasury_residual - net_interest_income) > 0.015
