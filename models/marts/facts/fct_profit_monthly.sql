{{ config(
    materialized='incremental',
    incremental_strategy='rebuild_from',
    incremental_predicates=['month_end_date >= REFRESH_FROM_MONTH'],
) }}
{%- set split_measures = [
    'end_balance', 'average_balance', 'interest_income_amount', 'interest_expense_amount',
    'ftp_margin_amount', 'fee_income_amount', 'vat_amount', 'surcharge_amount',
    'expected_loss_amount', 'capital_amount', 'capital_year_amount', 'capital_charge_amount',
] %}

-- Grain: one account, one of its owners, one month. A joint account is split by weight, to the
-- cent: each owner takes the rounded cumulative part less the one before.
with account_months as (
    select * from {{ ref('int_profit__account_lines') }}
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
        account_months.* exclude ({{ split_measures | join(', ') }}, customer_key, customer_durable_key, manager_key),
        coalesce(owners.customer_durable_key, -2) as customer_durable_key,
        cast(coalesce(owners.weight, 1) as decimal(9, 6)) as weight,
        {%- for measure in split_measures %}
        {{ owner_part('account_months.' ~ measure, 'owners') }} as {{ measure }}{{ "," if not loop.last }}
        {%- endfor %}
    from account_months
    left join owners
        on
            account_months.account_durable_key = owners.account_durable_key
            and account_months.as_of_date >= owners.valid_from
            and account_months.as_of_date < owners.valid_to
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
        customers.customer_key,
        coalesce(
            managers.manager_key,
            case when lead_managers.manager_durable_key is null then -1 else -2 end
        ) as manager_key
    from taxed_contributions
    inner join {{ ref('dim_customer') }} as customers
        on
            taxed_contributions.customer_durable_key = customers.customer_durable_key
            and taxed_contributions.as_of_date >= customers.valid_from
            and taxed_contributions.as_of_date < customers.valid_to
    left join {{ ref('int_customers__lead_managers') }} as lead_managers
        on
            taxed_contributions.customer_durable_key = lead_managers.customer_durable_key
            and taxed_contributions.as_of_date >= lead_managers.valid_from
            and taxed_contributions.as_of_date < lead_managers.valid_to
    left join {{ ref('dim_manager') }} as managers
        on
            lead_managers.manager_durable_key = managers.manager_durable_key
            and taxed_contributions.as_of_date >= managers.valid_from
            and taxed_contributions.as_of_date < managers.valid_to
)

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
