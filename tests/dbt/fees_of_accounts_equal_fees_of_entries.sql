-- The fees of a month are the same whether summed over entries or over account months.
with entries as (
    select
        last_day(value_date) as month_end_date,
        sum(fee_income_amount) as fees,
        count(*) as entry_count
    from {{ ref('fct_transaction') }}
    group by last_day(value_date)
),

account_months as (
    select
        month_end_date,
        sum(fee_income_amount) as fees,
        sum(transaction_count) as entry_count
    from {{ ref('fct_account_monthly') }}
    group by month_end_date
)

select
    entries.month_end_date,
    entries.fees as entry_fees,
    account_months.fees as account_fees
from entries
full outer join account_months on entries.month_end_date = account_months.month_end_date
where
    coalesce(entries.fees, 0) <> coalesce(account_months.fees, 0)
    or coalesce(entries.entry_count, 0) <> coalesce(account_months.entry_count, 0)
