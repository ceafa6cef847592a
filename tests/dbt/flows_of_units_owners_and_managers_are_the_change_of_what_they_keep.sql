-- At every month's end, what flowed into and out of a unit, owner and lead manager sums to the
-- balances of the accounts they keep: nobody gains by a move without another one losing the same.
with months as (
    select
        month_end_date,
        as_of_date
    from {{ ref('int_calendar__months') }}
    where period_days > 0
),

branches as (
    select * from {{ ref('dim_branch') }}
),

managers as (
    select * from {{ ref('dim_manager') }}
),

flows as (
    select
        flow_facts.account_type,
        months.month_end_date,
        branches.branch_durable_key,
        flow_facts.customer_durable_key,
        managers.manager_durable_key,
        sum(flow_facts.flow_amount) as amount
    from {{ ref('fct_fund_flow') }} as flow_facts
    inner join months on flow_facts.flow_date <= months.as_of_date
    inner join branches on flow_facts.branch_key = branches.branch_key
    inner join managers on flow_facts.manager_key = managers.manager_key
    group by all
),

balances as (
    select
        account_months.account_type,
        account_months.month_end_date,
        branches.branch_durable_key,
        account_months.customer_durable_key,
        managers.manager_durable_key,
        sum(account_months.end_balance) as amount
    from {{ ref('fct_account_monthly') }} as account_months
    inner join months on account_months.month_end_date = months.month_end_date
    inner join branches on account_months.branch_key = branches.branch_key
    inner join managers on account_months.manager_key = managers.manager_key
    where account_months.account_type in ('DEPOSIT', 'LOAN')
    group by all
)

select
    coalesce(flows.month_end_date, balances.month_end_date) as month_end_date,
    flows.branch_durable_key,
    flows.customer_durable_key,
    flows.manager_durable_key,
    flows.amount as flow_amount,
    balances.amount as balance
from flows
full outer join balances
    on
        flows.account_type = balances.account_type
        and flows.month_end_date = balances.month_end_date
        and flows.branch_durable_key = balances.branch_durable_key
        and flows.customer_durable_key = balances.customer_durable_key
        and flows.manager_durable_key = balances.manager_durable_key
where coalesce(flows.amount, 0) <> coalesce(balances.amount, 0)
