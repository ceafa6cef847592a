{{ config(materialized='incremental') }}

-- What the facts of loans and of cards say alike: position, class, exposure and expected loss. Who owed
-- nothing the month before moved from nowhere: no class and no bucket before.
-- A loan keeps its row in the month it is repaid; one that owed nothing all month has none, nor has a
-- card that is closed and settled.
-- Grain: one loan or credit card in one month.
with positions as (
    select * from {{ ref('int_risk__positions') }}
    where month_end_date >= {{ refresh_from_month() }}
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
    select * from {{ ref('int_accounts__members') }}
)

select
    positions.month_end_date,
    positions.as_of_date,
    positions.account_key,
    positions.account_durable_key,
    positions.customer_key,
    positions.customer_durable_key,
    positions.product_key,
    positions.branch_key,
    positions.manager_key,
    positions.currency_key,
    positions.account_id,
    positions.asset_kind,
    positions.is_complete_month,
    positions.balance,
    positions.overdue_principal_amount,
    positions.overdue_interest_amount,
    positions.days_past_due,
    positions.maximum_days_past_due,
    account_versions.opened_date,
    account_versions.credit_limit,
    classes.risk_grade_code,
    {{ surrogate_key("'risk_grade'", "classes.risk_grade_code") }} as risk_grade_key,
    case
        when classes.previous_balance > 0 then {{ surrogate_key("'risk_grade'", "classes.previous_risk_grade_code") }}
        else -3
    end as previous_risk_grade_key,
    classes.risk_trigger_code,
    classes.overdue_bucket_code,
    case when classes.previous_balance > 0 then classes.previous_overdue_bucket_code end as previous_overdue_bucket_code,
    classes.is_non_performing,
    cast(coalesce(classes.previous_balance, 0) as decimal(18, 2)) as previous_balance,
    exposures.rating_code,
    exposures.default_source_code,
    exposures.loss_source_code,
    exposures.stage_number,
    exposures.probability_of_default,
    exposures.loss_given_default,
    exposures.default_odds_points,
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
from positions
inner join classes
    on
        positions.account_durable_key = classes.account_durable_key
        and positions.month_end_date = classes.month_end_date
inner join exposures
    on
        positions.account_durable_key = exposures.account_durable_key
        and positions.month_end_date = exposures.month_end_date
inner join credit_losses
    on
        positions.account_durable_key = credit_losses.account_durable_key
        and positions.month_end_date = credit_losses.month_end_date
inner join account_versions on positions.account_key = account_versions.account_key
where
    case positions.asset_kind
        when 'LOAN' then positions.maximum_balance > 0 or positions.overdue_interest_amount > 0
        else
            positions.maximum_balance <> 0
            or positions.balance <> 0
            or positions.overdue_principal_amount > 0
            or coalesce(positions.account_status, 'ACTIVE') <> 'CLOSED'
    end
