{{ config(
    materialized='incremental',
    incremental_strategy='rebuild_from',
    incremental_predicates=['month_end_date >= REFRESH_FROM_MONTH'],
) }}

-- Grain: one loan in one month, as it stood on the month's last business date. Amounts add up over
-- loans, never over months; the expected loss of the period alone adds up over both.
with positions as (
    select * from {{ ref('int_risk__positions') }}
    where asset_kind = 'LOAN' and month_end_date >= {{ refresh_from_month() }}
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

account_versions as (
    select * from {{ ref('dim_account') }}
),

-- A loan keeps its row in the month it is repaid; a loan that owed nothing all month has none.
living_positions as (
    select * from positions
    where maximum_balance > 0 or overdue_interest_amount > 0
)

select
    {{ surrogate_key("living_positions.account_durable_key", "living_positions.month_end_date") }} as loan_monthly_key,
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
    living_positions.account_id as loan_id,
    classes.risk_trigger_code,
    classes.overdue_bucket_code,
    case when classes.previous_balance > 0 then classes.previous_overdue_bucket_code end as previous_overdue_bucket_code,
    exposures.rating_code,
    exposures.default_source_code,
    exposures.loss_source_code,
    exposures.stage_number,
    cast(datediff('month', account_versions.opened_date, living_positions.month_end_date) as integer) as months_on_book,
    living_positions.is_complete_month,
    classes.is_non_performing,
    cast(date_trunc('month', account_versions.opened_date) as date) as vintage_month_date,
    living_positions.balance as principal_balance,
    cast(coalesce(classes.previous_balance, 0) as decimal(18, 2)) as previous_principal_balance,
    living_positions.overdue_principal_amount,
    living_positions.overdue_interest_amount,
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
    exposures.capital_amount,
    exposures.collateral_amount,
    exposures.guarantee_amount
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
