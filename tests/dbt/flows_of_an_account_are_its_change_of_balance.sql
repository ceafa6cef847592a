-- On every day on which the balance of a deposit or loan was told, the flows until then sum to it,
-- and on every other day with flows they sum to nothing.
with daily_flows as (
    select
        account_durable_key,
        flow_date,
        sum(flow_amount) as flow_amount
    from {{ ref('fct_fund_flow') }}
    group by account_durable_key, flow_date
),

told_balances as (
    select
        spans.account_durable_key,
        spans.valid_from as flow_date,
        spans.balance
    from {{ ref('int_balances__spans') }} as spans
    where
        spans.account_durable_key in (
            select account_versions.account_durable_key
            from {{ ref('dim_account') }} as account_versions
            where account_versions.account_type in ('DEPOSIT', 'LOAN')
        )
),

days_of_accounts as (
    select
        coalesce(told_balances.account_durable_key, daily_flows.account_durable_key) as account_durable_key,
        coalesce(told_balances.flow_date, daily_flows.flow_date) as flow_date,
        told_balances.balance,
        coalesce(daily_flows.flow_amount, 0) as flow_amount
    from told_balances
    full outer join daily_flows
        on
            told_balances.account_durable_key = daily_flows.account_durable_key
            and told_balances.flow_date = daily_flows.flow_date
),

running_flows as (
    select
        *,
        sum(flow_amount) over (partition by account_durable_key order by flow_date) as running_amount
    from days_of_accounts
)

select
    account_durable_key,
    flow_date,
    balance,
    running_amount,
    flow_amount
from running_flows
where
    (balance is not null and running_amount <> balance)
    or (balance is null and flow_amount <> 0)
