{{ config(materialized='incremental') }}

-- Balances, interest, margin and fees of accounts by month, with the members they stood under at its end.
-- A debit card has no balance and earns nothing; it has a row while it is open, because it costs. Where
-- the bank tells no interest or no price at all, its amounts are unknown like all others.
-- Grain: one account, loan or card in one month.
with months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }}
),

balances as (
    select * from {{ ref('int_balances__months') }}
),

entries as (
    select
        account_durable_key,
        cast(date_trunc('month', value_date) as date) as month_start_date,
        cast(sum(fee_income_amount) as decimal(18, 2)) as fee_income_amount,
        count(*) as transaction_count
    from {{ ref('int_transactions__owned_entries') }}
    where value_date >= {{ refresh_from_month() }}
    group by account_durable_key, month_start_date
),

first_deliveries as (
    select
        account_durable_key,
        min(business_date) as first_business_date
    from {{ ref('int_accounts__source_records') }}
    where card_type = 'DEBIT'
    group by account_durable_key
),

debit_cards as (
    select
        cards.account_durable_key,
        months.month_start_date
    from months
    inner join {{ ref('int_accounts__versions') }} as cards
        on
            {{ valid_on('cards', 'months.as_of_date') }}
    inner join first_deliveries
        on
            cards.account_durable_key = first_deliveries.account_durable_key
            and months.as_of_date >= first_deliveries.first_business_date
    where
        cards.card_type = 'DEBIT'
        and cards.opened_date <= months.as_of_date
        and coalesce(cards.status, 'ACTIVE') <> 'CLOSED'
),

account_months as (
    select
        coalesce(balances.account_durable_key, entries.account_durable_key, debit_cards.account_durable_key) as account_durable_key,
        coalesce(balances.month_start_date, entries.month_start_date, debit_cards.month_start_date) as month_start_date,
        coalesce(balances.opening_balance, 0) as opening_balance,
        coalesce(balances.end_balance, 0) as end_balance,
        coalesce(balances.average_balance, 0) as average_balance,
        coalesce(balances.balance_days, 0) as balance_days,
        {%- for amount in ['interest_amount', 'ftp_amount', 'ftp_margin_amount'] %}
            case
                when debit_cards.account_durable_key is null then balances.{{ amount }}
                when bool_or(balances.{{ amount }} is not null) over same_month then 0
            end as {{ amount }},
        {%- endfor %}
        balances.ftp_rate,
        coalesce(entries.fee_income_amount, 0) as fee_income_amount,
        coalesce(entries.transaction_count, 0) as transaction_count
    from balances
    full outer join entries
        on
            balances.account_durable_key = entries.account_durable_key
            and balances.month_start_date = entries.month_start_date
    full outer join debit_cards
        on
            coalesce(balances.account_durable_key, entries.account_durable_key) = debit_cards.account_durable_key
            and coalesce(balances.month_start_date, entries.month_start_date) = debit_cards.month_start_date
    window same_month as (
        partition by coalesce(balances.month_start_date, entries.month_start_date, debit_cards.month_start_date)
    )
),

dated_months as (
    select
        account_months.*,
        months.month_end_date,
        months.as_of_date,
        months.period_days,
        months.is_complete_month
    from account_months
    inner join months
        on account_months.month_start_date = months.month_start_date
),

keyed_months as (
    {{ as_of_keys('dated_months') }}
),

-- A closed account that did nothing all month is no news.
living_months as (
    select * from keyed_months
    where
        balance_days <> 0
        or opening_balance <> 0
        or end_balance <> 0
        or transaction_count > 0
        or not {{ is_closed('account_status') }}
)

select
    month_end_date,
    account_key,
    account_durable_key,
    customer_key,
    customer_durable_key,
    product_key,
    branch_key,
    manager_key,
    currency_key,
    source_system,
    account_id,
    account_type,
    card_type,
    is_complete_month,
    ftp_margin_amount is not null as has_ftp_margin,
    not {{ is_closed('account_status') }} as is_open,
    period_days,
    cast(opening_balance as decimal(18, 2)) as opening_balance,
    cast(end_balance as decimal(18, 2)) as end_balance,
    cast(average_balance as decimal(18, 2)) as average_balance,
    cast(balance_days as decimal(38, 2)) as balance_days,
    interest_rate,
    ftp_rate,
    case when account_type in ('LOAN', 'CARD') then interest_amount end as interest_income_amount,
    case when account_type = 'DEPOSIT' then interest_amount end as interest_expense_amount,
    ftp_amount,
    ftp_margin_amount,
    cast(fee_income_amount as decimal(18, 2)) as fee_income_amount,
    cast(transaction_count as bigint) as transaction_count
from living_months
