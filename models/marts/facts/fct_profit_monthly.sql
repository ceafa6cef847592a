{{ config(
    materialized='incremental',
    incremental_strategy='rebuild_from',
    incremental_predicates=['month_end_date >= REFRESH_FROM_MONTH'],
) }}
{%- set split_measures = [
    'end_balance', 'average_balance', 'interest_income_amount', 'interest_expense_amount',
    'ftp_margin_amount', 'fee_income_amount',
] %}
{#- Lines of the profit contribution that come after margin and fees; null until they are computed. -#}
{%- set later_lines = [
    'vat_amount', 'surcharge_amount', 'cost_to_serve_amount', 'expected_loss_amount',
    'pre_tax_contribution_amount', 'income_tax_amount', 'net_contribution_amount',
    'capital_charge_amount', 'economic_value_added_amount',
] %}

-- Grain: one account, one of its owners, one month. A joint account is split by weight, to the
-- cent: each owner takes the rounded cumulative part less the one before.
with account_months as (
    select
        *,
        least(month_end_date, (select max(months.as_of_date) from {{ ref('int_calendar__months') }} as months)) as as_of_date
    from {{ ref('fct_account_monthly') }}
    where month_end_date >= {{ refresh_from_month() }}
),

owners as (
    select
        *,
        sum(weight) over (
            partition by account_durable_key, valid_from
            order by customer_durable_key
        ) as cumulative_weight
    from {{ ref('int_accounts__owners') }}
),

owned_months as (
    select
        account_months.*,
        owners.customer_durable_key as owner_durable_key,
        coalesce(owners.weight, 1) as weight,
        coalesce(owners.cumulative_weight, 1) as cumulative_weight
    from account_months
    left join owners
        on
            account_months.account_durable_key = owners.account_durable_key
            and account_months.as_of_date >= owners.valid_from
            and account_months.as_of_date < owners.valid_to
),

split_months as (
    select
        * exclude ({{ split_measures | join(', ') }}, customer_key, customer_durable_key, manager_key, weight),
        cast(weight as decimal(9, 6)) as weight,
        coalesce(owner_durable_key, -2) as customer_durable_key,
    {%- for measure in split_measures %}
        cast(
            {{ split_part_of(measure, 'cumulative_weight') }}
            - {{ split_part_of(measure, '(cumulative_weight - weight)') }}
            as decimal(18, 2)
        ) as {{ measure }}{{ "," if not loop.last }}
    {%- endfor %}
    from owned_months
),

keyed_months as (
    select
        split_months.*,
        customers.customer_key,
        coalesce(managers.manager_key, case when lead_managers.manager_durable_key is null then -1 else -2 end) as manager_key
    from split_months
    inner join {{ ref('dim_customer') }} as customers
        on
            split_months.customer_durable_key = customers.customer_durable_key
            and split_months.as_of_date >= customers.valid_from
            and split_months.as_of_date < customers.valid_to
    left join {{ ref('int_customers__lead_managers') }} as lead_managers
        on
            split_months.customer_durable_key = lead_managers.customer_durable_key
            and split_months.as_of_date >= lead_managers.valid_from
            and split_months.as_of_date < lead_managers.valid_to
    left join {{ ref('dim_manager') }} as managers
        on
            lead_managers.manager_durable_key = managers.manager_durable_key
            and split_months.as_of_date >= managers.valid_from
            and split_months.as_of_date < managers.valid_to
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
    {%- for measure in split_measures %}
        {{ measure }},
    {%- endfor %}
    {%- for line in later_lines %}
        cast(null as decimal(18, 2)) as {{ line }},
    {%- endfor %}
    cast(coalesce(ftp_margin_amount, 0) + fee_income_amount as decimal(18, 2)) as contribution_before_cost_amount
from keyed_months
