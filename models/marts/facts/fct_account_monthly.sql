{{ config(materialized='incremental') }}

-- Grain: one account, loan or card in one month, debit cards included. Balances add up over accounts, never over months;
-- interest, margin and fees add up over both.
select
    {{ surrogate_key("account_durable_key", "month_end_date") }} as account_monthly_key,
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
    is_complete_month,
    has_ftp_margin,
    is_open,
    period_days,
    opening_balance,
    end_balance,
    average_balance,
    balance_days,
    interest_rate,
    ftp_rate,
    interest_income_amount,
    interest_expense_amount,
    ftp_amount,
    ftp_margin_amount,
    fee_income_amount,
    transaction_count
from {{ ref('int_accounts__months') }}
where month_end_date >= {{ refresh_from_month() }}
