-- At every month's end the accounts carry, per currency, the last balance delivered until then.
with months as (
    select * from {{ ref('int_calendar__months') }}
),

last_delivered as (
    select
        months.month_end_date,
        changes.account_durable_key,
        arg_max(changes.balance, changes.business_date) as balance
    from {{ ref('int_balances__changes') }} as changes
    inner join months
        on changes.business_date <= months.as_of_date
    group by months.month_end_date, changes.account_durable_key
),

delivered as (
    select
        month_end_date,
        sum(balance) as balance
    from last_delivered
    group by month_end_date
),

account_months as (
    select
        month_end_date,
        sum(end_balance) as balance
    from {{ ref('fct_account_monthly') }}
    group by month_end_date
)

select
    delivered.month_end_date,
    delivered.balance as delivered_balance,
    account_months.balance as account_balance
from delivered
full outer join account_months on delivered.month_end_date = account_months.month_end_date
where coalesce(delivered.balance, 0) <> coalesce(account_months.balance, 0)
