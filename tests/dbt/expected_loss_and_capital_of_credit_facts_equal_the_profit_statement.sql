-- The credit facts and the profit statement tell one expected loss and one capital of the bank, month
-- by month: both read the same exposures.
with credit as (
    select
        month_end_date,
        expected_loss_amount,
        capital_amount
    from {{ ref('fct_loan_monthly') }}
    union all
    select
        month_end_date,
        expected_loss_amount,
        capital_amount
    from {{ ref('fct_card_monthly') }}
),

credit_months as (
    select
        month_end_date,
        sum(expected_loss_amount) as expected_loss_amount,
        sum(capital_amount) as capital_amount
    from credit
    group by month_end_date
),

profit_months as (
    select
        month_end_date,
        sum(expected_loss_amount) as expected_loss_amount,
        sum(capital_amount) as capital_amount
    from {{ ref('fct_profit_monthly') }}
    group by month_end_date
)

select
    credit_months.month_end_date,
    credit_months.expected_loss_amount,
    profit_months.expected_loss_amount as profit_expected_loss_amount,
    credit_months.capital_amount,
    profit_months.capital_amount as profit_capital_amount
from credit_months
inner join profit_months on credit_months.month_end_date = profit_months.month_end_date
where
    coalesce(credit_months.expected_loss_amount, 0) <> coalesce(profit_months.expected_loss_amount, 0)
    or coalesce(credit_months.capital_amount, 0) <> coalesce(profit_months.capital_amount, 0)
