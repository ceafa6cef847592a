-- In the tree as it was and in the tree of today alike, the balances and entries of a month that are
-- rolled up to the units without a unit above them are those of the bank: nothing lost, nothing twice.
with branches as (
    select * from {{ ref('dim_branch') }}
),

closure as (
    select * from {{ ref('bridge_org_closure') }}
    where is_top
),

bank as (
    select
        month_end_date,
        count(*) as row_count,
        sum(end_balance) as balance
    from {{ ref('fct_account_monthly') }}
    group by month_end_date
),

as_was as (
    select
        account_months.month_end_date,
        count(*) as row_count,
        sum(account_months.end_balance) as balance
    from {{ ref('fct_account_monthly') }} as account_months
    inner join {{ ref('int_calendar__months') }} as months on account_months.month_end_date = months.month_end_date
    inner join branches on account_months.branch_key = branches.branch_key
    inner join closure
        on
            branches.branch_durable_key = closure.descendant_branch_durable_key
            and {{ valid_on('closure', 'months.as_of_date') }}
    group by account_months.month_end_date
),

as_is as (
    select
        account_months.month_end_date,
        count(*) as row_count,
        sum(account_months.end_balance) as balance
    from {{ ref('fct_account_monthly') }} as account_months
    inner join branches on account_months.branch_key = branches.branch_key
    inner join closure
        on
            branches.current_branch_durable_key = closure.descendant_branch_durable_key
            and closure.is_current
    group by account_months.month_end_date
)

select
    bank.month_end_date,
    bank.row_count,
    bank.balance,
    as_was.balance as balance_as_was,
    as_is.balance as balance_as_is
from bank
left join as_was on bank.month_end_date = as_was.month_end_date
left join as_is on bank.month_end_date = as_is.month_end_date
where
    (bank.row_count, bank.balance) is distinct from (as_was.row_count, as_was.balance)
    or (bank.row_count, bank.balance) is distinct from (as_is.row_count, as_is.balance)
