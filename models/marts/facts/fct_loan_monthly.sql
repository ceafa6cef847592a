{{ config(materialized='incremental') }}

-- Grain: one loan in one month, as it stood on the month's last business date. Amounts add up over
-- loans, never over months; the expected loss of the period alone adds up over both.
with credit_months as (
    select * from {{ ref('int_risk__credit_months') }}
    where asset_kind = 'LOAN' and month_end_date >= {{ refresh_from_month() }}
)

select
    {{ surrogate_key("account_durable_key", "month_end_date") }} as loan_monthly_key,
    month_end_date,
    account_key,
    account_durable_key,
    customer_key,
    customer_durable_key,
    product_key,
    branch_key,
    manager_key,
    currency_key,
    risk_grade_key,
    previous_risk_grade_key,
    account_id as loan_id,
    risk_trigger_code,
    overdue_bucket_code,
    previous_overdue_bucket_code,
    rating_code,
    default_source_code,
    loss_source_code,
    stage_number,
    cast(datediff('month', opened_date, month_end_date) as integer) as months_on_book,
    is_complete_month,
    is_non_performing,
    cast(date_trunc('month', opened_date) as date) as vintage_month_date,
    balance as principal_balance,
    previous_balance as previous_principal_balance,
    overdue_principal_amount,
    overdue_interest_amount,
    days_past_due,
    maximum_days_past_due,
    probability_of_default,
    loss_given_default,
    default_odds_points,
    exposure_at_default_amount,
    general_provision_amount,
    specific_provision_amount,
    expected_loss_amount,
    expected_credit_loss_amount,
    risk_weight,
    risk_weighted_amount,
    capital_amount,
    collateral_amount,
    guarantee_amount
from credit_months
