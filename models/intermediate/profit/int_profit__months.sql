{{ config(materialized='incremental') }}
{%- set account_measures = [
    'end_balance', 'average_balance', 'interest_income_amount', 'interest_expense_amount',
    'ftp_margin_amount', 'fee_income_amount',
] %}
{%- set account_lines = [
    'vat_amount', 'surcharge_amount', 'expected_loss_amount', 'capital_amount',
    'capital_year_amount', 'capital_charge_amount',
] %}

-- What an account brings by owner and month. A joint account is split by weight, to the cent: each
-- owner takes the rounded cumulative part less the one before.
-- Grain: one account, one of its owners, one month.
with account_months as (
    select
        account_months.month_end_date,
        months.as_of_date,
        account_months.account_key,
        account_months.account_durable_key,
        account_months.account_type,
        account_months.product_key,
        account_months.branch_key,
        account_months.currency_key,
        account_months.is_complete_month,
        account_months.has_ftp_margin,
        {%- for measure in account_measures %}
            account_months.{{ measure }},
        {%- endfor %}
        {%- for line in account_lines %}
            account_lines.{{ line }},
        {%- endfor %}
        rates.income_tax_rate
    from {{ ref('int_accounts__months') }} as account_months
    inner join {{ ref('int_calendar__months') }} as months
        on account_months.month_end_date = months.month_end_date
    inner join {{ ref('int_profit__parameters') }} as rates
        on account_months.month_end_date = rates.month_end_date
    inner join {{ ref('int_profit__account_lines') }} as account_lines
        on
            account_months.account_durable_key = account_lines.account_durable_key
            and account_months.month_end_date = account_lines.month_end_date
    where account_months.month_end_date >= {{ refresh_from_month() }}
),

owners as (
    {{ cumulative_owners() }}
),

costs as (
    select
        account_durable_key,
        customer_durable_key,
        month_end_date,
        cast(sum(cost_amount) as decimal(18, 2)) as cost_to_serve_amount
    from {{ ref('int_costs__owner_activities') }}
    where month_end_date >= {{ refresh_from_month() }}
    group by account_durable_key, customer_durable_key, month_end_date
),

months_with_pools as (
    select distinct month_end_date from {{ ref('int_costs__pool_rates') }}
),

split_months as (
    select
        account_months.month_end_date,
        account_months.as_of_date,
        account_months.account_key,
        account_months.account_durable_key,
        account_months.account_type,
        account_months.product_key,
        account_months.branch_key,
        account_months.currency_key,
        account_months.is_complete_month,
        account_months.has_ftp_margin,
        account_months.income_tax_rate,
        {%- for measure in account_measures + account_lines %}
            {{ owner_part('account_months.' ~ measure, 'owners') }} as {{ measure }},
        {%- endfor %}
        coalesce(owners.customer_durable_key, -2) as customer_durable_key,
        cast(coalesce(owners.weight, 1) as decimal(9, 6)) as weight
    from account_months
    left join owners
        on
            account_months.account_durable_key = owners.account_durable_key
            and {{ valid_on('owners', 'account_months.as_of_date') }}
),

-- Without pools of the month the cost is unknown; with them, an account nobody used cost nothing.
costed_months as (
    select
        split_months.*,
        case
            when months_with_pools.month_end_date is null then null
            else coalesce(costs.cost_to_serve_amount, 0)
        end as cost_to_serve_amount
    from split_months
    left join months_with_pools on split_months.month_end_date = months_with_pools.month_end_date
    left join costs
        on
            split_months.account_durable_key = costs.account_durable_key
            and split_months.customer_durable_key = costs.customer_durable_key
            and split_months.month_end_date = costs.month_end_date
),

contributions as (
    select
        *,
        cast(
            ftp_margin_amount + fee_income_amount - vat_amount - surcharge_amount
            - cost_to_serve_amount - expected_loss_amount as decimal(18, 2)
        ) as pre_tax_contribution_amount
    from costed_months
),

-- A loss earns a tax credit against the profit of others, so that customers sum to the bank.
taxed_contributions as (
    select
        *,
        cast(round(pre_tax_contribution_amount * income_tax_rate, 2) as decimal(18, 2)) as income_tax_amount
    from contributions
),

keyed_months as (
    select
        taxed_contributions.*,
        coalesce(customers.customer_key, -2) as customer_key,
        {{ member_key('managers.manager_key', 'lead_managers.manager_durable_key') }} as manager_key
    from taxed_contributions
    left join {{ ref('int_customers__members') }} as customers
        on
            taxed_contributions.customer_durable_key = customers.customer_durable_key
            and {{ valid_on('customers', 'taxed_contributions.as_of_date') }}
    {{ join_lead_manager('taxed_contributions.customer_durable_key', 'taxed_contributions.as_of_date') }}
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
    cast(pre_tax_contribution_amount - income_tax_amount as decimal(18, 2)) as net_contribution_amount,
    capital_amount,
    capital_year_amount,
    capital_charge_amount,
    cast(pre_tax_contribution_amount - income_tax_amount - capital_charge_amount as decimal(18, 2))
        as economic_value_added_amount,
    cast(coalesce(ftp_margin_amount, 0) + fee_income_amount as decimal(18, 2)) as contribution_before_cost_amount
from keyed_months
