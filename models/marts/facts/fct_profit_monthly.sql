{{ config(materialized='incremental') }}

-- Grain: one account, one of its owners, one month. Owners of an account sum to the account.
select
    {{ surrogate_key("account_durable_key", "customer_durable_key", "month_end_date") }} as profit_monthly_key,
    month_end_date,
    account_key,
    account_durable_key,
    customer_key,
    customer_durable_key,
    product_key,
    branch_key,
    manager_key,
    currency_key,
    account_type,
    is_complete_month,
    has_ftp_margin,
    weight,
    end_balance,
    average_balance,
    interest_income_amount,
    interest_expense_amount,
    ftp_margin_amount,
    fee_income_amount,
    vat_amount,
    surcharge_amount,
    cost_to_serve_amount,
    expected_loss_amount,
    pre_tax_contribution_amount,
    income_tax_amount,
    net_contribution_amount,
    capital_amount,
    capital_year_amount,
    capital_charge_amount,
    economic_value_added_amount,
    contribution_before_cost_amount
from {{ ref('int_profit__months') }}
where month_end_date >= {{ refresh_from_month() }}
