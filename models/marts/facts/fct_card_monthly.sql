{{ config(materialized='incremental') }}

-- Grain: one credit card in one month, as it stood on the month's last business date. Balances and
-- limits add up over cards, never over months; spend, payments and fees add up over both.
with credit_months as (
    select * from {{ ref('int_risk__credit_months') }}
    where asset_kind = 'CARD' and month_end_date >= {{ refresh_from_month() }}
),

account_months as (
    select * from {{ ref('fct_account_monthly') }}
    where account_type = 'CARD' and month_end_date >= {{ refresh_from_month() }}
),

entries as (
    select
        account_durable_key,
        last_day(value_date) as month_end_date,
        transaction_type_key,
        debit_credit,
        is_reversal,
        amount,
        business_entry_count
    from {{ ref('fct_transaction') }}
    where value_date >= {{ refresh_from_month() }} and source_system = 'card'
),

transaction_types as (
    select * from {{ ref('dim_transaction_type') }}
),

-- A reversal that lowers what is owed takes its purchase back, from the other side of the account or
-- with a negative amount.
movements as (
    select
        entries.account_durable_key,
        entries.month_end_date,
        cast(sum(case
            when entries.is_reversal then -greatest({{ signed_amount('entries') }}, 0)
            when entries.debit_credit = 'D' and transaction_types.transaction_type_code in ('PURCHASE', 'CARD_WITHDRAWAL')
                then entries.amount
            else 0
        end) as decimal(18, 2)) as spend_amount,
        cast(sum(case
            when transaction_types.transaction_type_code <> 'CARD_PAYMENT' then 0
            when entries.debit_credit = 'C' then entries.amount
            else -entries.amount
        end) as decimal(18, 2)) as payment_amount,
        cast(coalesce(sum(entries.business_entry_count) filter (
            where transaction_types.transaction_type_code in ('PURCHASE', 'CARD_WITHDRAWAL')
        ), 0) as bigint) as spend_count
    from entries
    inner join transaction_types on entries.transaction_type_key = transaction_types.transaction_type_key
    group by entries.account_durable_key, entries.month_end_date
)

select
    {{ surrogate_key("credit_months.account_durable_key", "credit_months.month_end_date") }} as card_monthly_key,
    credit_months.month_end_date,
    credit_months.account_key,
    credit_months.account_durable_key,
    credit_months.customer_key,
    credit_months.customer_durable_key,
    credit_months.product_key,
    credit_months.branch_key,
    credit_months.manager_key,
    credit_months.currency_key,
    credit_months.risk_grade_key,
    credit_months.previous_risk_grade_key,
    credit_months.account_id as card_id,
    credit_months.risk_trigger_code,
    credit_months.overdue_bucket_code,
    credit_months.previous_overdue_bucket_code,
    credit_months.rating_code,
    credit_months.default_source_code,
    credit_months.loss_source_code,
    credit_months.stage_number,
    credit_months.is_complete_month,
    credit_months.is_non_performing,
    credit_months.credit_limit,
    credit_months.balance as end_balance,
    account_months.average_balance,
    credit_months.previous_balance,
    case
        when credit_months.credit_limit is not null
            then cast(greatest(credit_months.credit_limit - greatest(credit_months.balance, 0), 0) as decimal(18, 2))
    end as undrawn_amount,
    {{ ratio(cents('greatest(credit_months.balance, 0)'), cents('credit_months.credit_limit')) }}
        as utilisation_rate,
    coalesce(movements.spend_amount, 0) as spend_amount,
    coalesce(movements.payment_amount, 0) as payment_amount,
    account_months.fee_income_amount,
    credit_months.overdue_principal_amount as overdue_amount,
    coalesce(movements.spend_count, 0) as spend_count,
    credit_months.days_past_due,
    credit_months.maximum_days_past_due,
    credit_months.probability_of_default,
    credit_months.loss_given_default,
    credit_months.default_odds_points,
    credit_months.exposure_at_default_amount,
    credit_months.general_provision_amount,
    credit_months.specific_provision_amount,
    credit_months.expected_loss_amount,
    credit_months.expected_credit_loss_amount,
    credit_months.risk_weight,
    credit_months.risk_weighted_amount,
    credit_months.capital_amount
from credit_months
left join account_months
    on
        credit_months.account_durable_key = account_months.account_durable_key
        and credit_months.month_end_date = account_months.month_end_date
left join movements
    on
        credit_months.account_durable_key = movements.account_durable_key
        and credit_months.month_end_date = movements.month_end_date
