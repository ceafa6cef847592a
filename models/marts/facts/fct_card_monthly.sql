{{ config(
    materialized='incremental',
    incremental_strategy='rebuild_from',
    incremental_predicates=['month_end_date >= REFRESH_FROM_MONTH'],
) }}

-- Grain: one credit card in one month, as it stood on the month's last business date. Balances and
-- limits add up over cards, never over months; spend, payments and fees add up over both.
with positions as (
    select * from {{ ref('int_risk__positions') }}
    where asset_kind = 'CARD' and month_end_date >= {{ refresh_from_month() }}
),

classes as (
    select * from {{ ref('int_risk__classes') }}
),

exposures as (
    select * from {{ ref('int_risk__exposures') }}
),

credit_losses as (
    select * from {{ ref('int_risk__credit_losses') }}
),

account_months as (
    select * from {{ ref('fct_account_monthly') }}
    where account_type = 'CARD' and month_end_date >= {{ refresh_from_month() }}
),

account_versions as (
    select * from {{ ref('dim_account') }}
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
living_positions as (
    select * from positions
    where
        maximum_balance <> 0
        or balance <> 0
        or overdue_principal_amount > 0
        or coalesce(account_status, 'ACTIVE') <> 'CLOSED'
)

select
    {{ surrogate_key("living_positions.account_durable_key", "living_positions.month_end_date") }} as card_monthly_key,
    living_positions.month_end_date,
    living_positions.account_key,
    living_positions.account_durable_key,
    living_positions.customer_key,
    living_positions.customer_durable_key,
    living_positions.product_key,
    living_positions.branch_key,
    living_positions.manager_key,
    living_positions.currency_key,
    {{ surrogate_key("'risk_grade'", "classes.risk_grade_code") }} as risk_grade_key,
    case
        when classes.previous_balance > 0 then {{ surrogate_key("'risk_grade'", "classes.previous_risk_grade_code") }}
        else -3
    end as previous_risk_grade_key,
    living_positions.account_id as card_id,
    classes.risk_trigger_code,
    classes.overdue_bucket_code,
    case when classes.previous_balance > 0 then classes.previous_overdue_bucket_code end as previous_overdue_bucket_code,
    exposures.rating_code,
    exposures.default_source_code,
    exposures.loss_source_code,
    exposures.stage_number,
    living_positions.is_complete_month,
    classes.is_non_performing,
    account_versions.credit_limit,
    living_positions.balance as end_balance,
    account_months.average_balance,
    cast(coalesce(classes.previous_balance, 0) as decimal(18, 2)) as previous_balance,
    case
        when account_versions.credit_limit is not null
            then cast(greatest(account_versions.credit_limit - greatest(living_positions.balance, 0), 0) as decimal(18, 2))
    end as undrawn_amount,
    case
        when account_versions.credit_limit > 0
            then {{ share_of('greatest(living_positions.balance, 0)', 'account_versions.credit_limit') }}
    end as utilisation_rate,
    coalesce(movements.spend_amount, 0) as spend_amount,
    coalesce(movements.payment_amount, 0) as payment_amount,
    account_months.fee_income_amount,
    living_positions.overdue_principal_amount as overdue_amount,
    coalesce(movements.spend_count, 0) as spend_count,
    living_positions.days_past_due,
    living_positions.maximum_days_past_due,
    exposures.probability_of_default,
    exposures.loss_given_default,
    exposures.credit_score,
    exposures.exposure_at_default as exposure_at_default_amount,
    exposures.general_provision as general_provision_amount,
    exposures.specific_provision as specific_provision_amount,
    exposures.expected_loss_amount,
    credit_losses.expected_credit_loss_amount,
    exposures.risk_weight,
    exposures.risk_weighted_amount,
    exposures.capital_amount
from living_positions
inner join classes
    on
        living_positions.account_durable_key = classes.account_durable_key
        and living_positions.month_end_date = classes.month_end_date
inner join exposures
    on
        living_positions.account_durable_key = exposures.account_durable_key
        and living_positions.month_end_date = exposures.month_end_date
inner join credit_losses
    on
        living_positions.account_durable_key = credit_losses.account_durable_key
        and living_positions.month_end_date = credit_losses.month_end_date
inner join account_versions on living_positions.account_key = account_versions.account_key
left join account_months
    on
        living_positions.account_durable_key = account_months.account_durable_key
        and living_positions.month_end_date = account_months.month_end_date
left join movements
    on
        living_positions.account_durable_key = movements.account_durable_key
        and living_positions.month_end_date = movements.month_end_date
