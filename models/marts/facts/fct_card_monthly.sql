{{ config(
    materialized='incremental',
    incremental_strategy='rebuild_from',
    incremental_predicates=['month_end_date >= REFRESH_FROM_MONTH'],
) }}

-- Grain: one credit card in one month, as it stood on the month's last business date. Balances and
-- limits add up over cards, never over months; spend, payments and fees add up over both.
with credit_months as (
    select * from {{ ref('int_risk__credit_months') }}
    where asset_kind = 'CARD'
),

account_months as (
    select * from {{ ref('fct_account_monthly') }}
    where account_type = 'CARD' and month_end_date >= {{ refresh_from_month() }}
),

entries as (
    select
        account_durable_key,
        last_day(transaction_date) as month_end_date,
        transaction_type_key,
        debit_credit,
        is_reversal,
        amount
    from {{ ref('fct_transaction') }}
    where transaction_date >= {{ refresh_from_month() }} and source_system = 'card'
),

transaction_types as (
    select * from {{ ref('dim_transaction_type') }}
),

-- A reversal comes on the other side of the account and takes its purchase back.
movements as (
    select
        entries.account_durable_key,
        entries.month_end_date,
        cast(sum(case
            when entries.is_reversal and entries.debit_credit = 'C' then -entries.amount
            when entries.debit_credit = 'D' and transaction_types.transaction_type_code in ('PURCHASE', 'CARD_WITHDRAWAL')
                then entries.amount
            else 0
        end) as decimal(18, 2)) as spend_amount,
        cast(sum(case
            when transaction_types.transaction_type_code <> 'CARD_PAYMENT' then 0
            when entries.debit_credit = 'C' then entries.amount
            else -entries.amount
        end) as decimal(18, 2)) as payment_amount,
        count(*) filter (
            where transaction_types.transaction_type_code in ('PURCHASE', 'CARD_WITHDRAWAL')
        ) as spend_count
    from entries
    inner join transaction_types on entries.transaction_type_key = transaction_types.transaction_type_key
    group by entries.account_durable_key, entries.month_end_date
),

-- A card that is closed and settled is no news.
living_cards as (
    select * from credit_months
    where
        maximum_balance <> 0
        or balance <> 0
        or overdue_principal_amount > 0
        or coalesce(account_status, 'ACTIVE') <> 'CLOSED'
)

select
    {{ surrogate_key("living_cards.account_durable_key", "living_cards.month_end_date") }} as card_monthly_key,
    living_cards.month_end_date,
    living_cards.account_key,
    living_cards.account_durable_key,
    living_cards.customer_key,
    living_cards.customer_durable_key,
    living_cards.product_key,
    living_cards.branch_key,
    living_cards.manager_key,
    living_cards.currency_key,
    living_cards.risk_grade_key,
    living_cards.previous_risk_grade_key,
    living_cards.account_id as card_id,
    living_cards.risk_trigger_code,
    living_cards.overdue_bucket_code,
    living_cards.previous_overdue_bucket_code,
    living_cards.rating_code,
    living_cards.default_source_code,
    living_cards.loss_source_code,
    living_cards.stage_number,
    living_cards.is_complete_month,
    living_cards.is_non_performing,
    living_cards.credit_limit,
    living_cards.balance as end_balance,
    account_months.average_balance,
    living_cards.previous_balance,
    case
        when living_cards.credit_limit is not null
            then cast(greatest(living_cards.credit_limit - greatest(living_cards.balance, 0), 0) as decimal(18, 2))
    end as undrawn_amount,
    {{ ratio(cents('greatest(living_cards.balance, 0)'), cents('living_cards.credit_limit')) }}
        as utilisation_rate,
    coalesce(movements.spend_amount, 0) as spend_amount,
    coalesce(movements.payment_amount, 0) as payment_amount,
    account_months.fee_income_amount,
    living_cards.overdue_principal_amount as overdue_amount,
    coalesce(movements.spend_count, 0) as spend_count,
    living_cards.days_past_due,
    living_cards.maximum_days_past_due,
    living_cards.probability_of_default,
    living_cards.loss_given_default,
    living_cards.credit_score,
    living_cards.exposure_at_default_amount,
    living_cards.general_provision_amount,
    living_cards.specific_provision_amount,
    living_cards.expected_loss_amount,
    living_cards.expected_credit_loss_amount,
    living_cards.risk_weight,
    living_cards.risk_weighted_amount,
    living_cards.capital_amount
from living_cards
left join account_months
    on
        living_cards.account_durable_key = account_months.account_durable_key
        and living_cards.month_end_date = account_months.month_end_date
left join movements
    on
        living_cards.account_durable_key = movements.account_durable_key
        and living_cards.month_end_date = movements.month_end_date
