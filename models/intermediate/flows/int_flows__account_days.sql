{{ config(materialized='ephemeral') }}

-- Every change of balance of a deposit or loan, and how much of it came from inside the bank.
-- Grain: one account and business date from refresh_from on, on which something moved.
with spans as (
    select * from {{ ref('int_balances__spans') }}
),

accounts as (
    select
        account_durable_key,
        max(account_type) as account_type
    from {{ ref('int_accounts__members') }}
    group by account_durable_key
),

first_days as (
    select
        account_durable_key,
        min(valid_from) as first_date,
        min(valid_from) filter (where balance <> 0) as first_funded_date
    from spans
    group by account_durable_key
),

changes as (
    select
        spans.account_durable_key,
        spans.valid_from as flow_date,
        cast(spans.balance - coalesce(previous_spans.balance, 0) as decimal(18, 2)) as change_amount
    from spans
    left join spans as previous_spans
        on
            spans.account_durable_key = previous_spans.account_durable_key
            and spans.valid_from = previous_spans.valid_to
    where spans.valid_from >= {{ refresh_from() }}
),

transfers as (
    select * from {{ ref('int_flows__transfers') }}
),

account_days as (
    select
        coalesce(changes.account_durable_key, transfers.account_durable_key) as account_durable_key,
        coalesce(changes.flow_date, transfers.business_date) as flow_date,
        coalesce(changes.change_amount, 0) as change_amount,
        coalesce(transfers.own_amount, 0) as own_amount,
        coalesce(transfers.bank_amount, 0) as bank_amount
    from changes
    full outer join transfers
        on
            changes.account_durable_key = transfers.account_durable_key
            and changes.flow_date = transfers.business_date
)

select
    account_days.account_durable_key,
    account_days.flow_date,
    first_days.first_date,
    first_days.first_funded_date,
    account_days.change_amount,
    account_days.own_amount,
    account_days.bank_amount,
    cast(account_days.change_amount - account_days.own_amount - account_days.bank_amount as decimal(18, 2)) as rest_amount
from account_days
inner join accounts
    on
        account_days.account_durable_key = accounts.account_durable_key
        and accounts.account_type in ('DEPOSIT', 'LOAN')
left join first_days on account_days.account_durable_key = first_days.account_durable_key
