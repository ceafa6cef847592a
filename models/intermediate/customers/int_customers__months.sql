{{ config(materialized='incremental') }}
{%- set lines = [
    'ftp_margin_amount', 'fee_income_amount', 'vat_amount', 'surcharge_amount',
    'cost_to_serve_amount', 'expected_loss_amount', 'pre_tax_contribution_amount',
    'income_tax_amount', 'net_contribution_amount', 'capital_amount', 'capital_year_amount',
    'capital_charge_amount', 'economic_value_added_amount', 'contribution_before_cost_amount',
] %}
{%- set balances = {
    'deposit': "profit.account_type = 'DEPOSIT'",
    'loan': "profit.account_type = 'LOAN'",
    'card': "profit.account_type = 'CARD'",
} %}

-- What the accounts of a customer amount to in a month, each by the customer's part of it. Assets under
-- management are the balances the customer keeps with the bank (accounts of the branch system: deposits
-- and investments); an overdrawn account manages nothing and counts 0. A line of the profit statement
-- that is unknown for one account is unknown for the customer.
-- Grain: one customer in one month in which an account of theirs has a row.
select
    profit.customer_durable_key,
    profit.month_end_date,
    {%- for period in ['end', 'average'] %}
        cast(sum(
            case when profit.account_type = 'DEPOSIT' then greatest(profit.{{ period }}_balance, 0) else 0 end
        ) as decimal(18, 2)) as aum_{{ period }}_balance,
        {%- for name, condition in balances.items() %}
            cast(sum(
                case when {{ condition }} then profit.{{ period }}_balance else 0 end
            ) as decimal(18, 2)) as {{ name }}_{{ period }}_balance,
        {%- endfor %}
    {%- endfor %}
    {%- for line in lines %}
        case when count(profit.{{ line }}) = count(*) then cast(sum(profit.{{ line }}) as decimal(18, 2)) end as {{ line }},
    {%- endfor %}
    -- The unit that keeps the largest of the customer's accounts.
    arg_max(
        profit.branch_key, (abs(profit.average_balance), abs(profit.end_balance), -profit.account_durable_key)
    ) as branch_key
from {{ ref('int_profit__months') }} as profit
where profit.month_end_date >= {{ refresh_from_month() }}
group by profit.customer_durable_key, profit.month_end_date
