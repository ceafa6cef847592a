{{ config(materialized='incremental') }}
{%- set balances = [
    'aum_end_balance', 'aum_average_balance', 'deposit_end_balance', 'deposit_average_balance',
    'loan_end_balance', 'loan_average_balance', 'card_end_balance', 'card_average_balance',
] %}
{%- set lines = [
    'contribution_before_cost_amount', 'ftp_margin_amount', 'fee_income_amount', 'vat_amount', 'surcharge_amount',
    'cost_to_serve_amount', 'expected_loss_amount', 'pre_tax_contribution_amount', 'income_tax_amount',
    'net_contribution_amount', 'capital_amount', 'capital_year_amount', 'capital_charge_amount',
    'economic_value_added_amount',
] %}

-- Grain: one customer in one month, from the first month with an account on; also while none is left. What
-- nobody is known to own is member -2, so that sums over customers are sums over accounts.
with months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }}
),

customer_months as (
    select * from {{ ref('int_customers__months') }}
    where month_end_date >= {{ refresh_from_month() }}
),

grades as (
    select * from {{ ref('int_customers__grades') }}
    where month_end_date >= {{ refresh_from_month() }}
),

spine as (
    select
        customer_durable_key,
        month_end_date
    from grades
    union
    select
        customer_durable_key,
        month_end_date
    from customer_months
),

profiles as (
    select * from {{ ref('int_customers__profiles') }}
),

behaviour as (
    select * from {{ ref('int_customers__behaviour') }}
),

customer_values as (
    select * from {{ ref('int_customers__values') }}
),

holdings as (
    select
        customer_durable_key,
        month_end_date,
        count(distinct product_family) as product_family_count,
        sum(account_count) as account_count
    from {{ ref('int_customers__holdings') }}
    where month_end_date >= {{ refresh_from_month() }}
    group by customer_durable_key, month_end_date
),

-- Every part is joined by customer and month; a part that is not there leaves its columns null.
joined_months as (
    select
        spine.customer_durable_key,
        spine.month_end_date,
        months.as_of_date,
        months.is_complete_month,
        customers.customer_key,
        customers.customer_type,
        customers.industry_key,
        {{ member_key('managers.manager_key', 'lead_managers.manager_durable_key') }} as manager_key,
        customer_months.branch_key,
        profiles.customer_profile_key,
        profiles.grade_band_key,
        profiles.vip_band_key,
        profiles.vip_band_code,
        profiles.risk_grade_code,
        profiles.lifecycle_code,
        profiles.external_asset_amount,
        grades.grade_code,
        grades.previous_grade_code,
        grades.grade_move,
        grades.is_on_watch,
        grades.months_below,
        behaviour.activity_sign,
        behaviour.first_opened_date,
        behaviour.last_activity_date,
        behaviour.tenure_months,
        behaviour.recency_days,
        behaviour.frequency_count,
        behaviour.monetary_amount,
        behaviour.recency_score,
        behaviour.frequency_score,
        behaviour.monetary_score,
        behaviour.recent_transaction_count,
        behaviour.earlier_transaction_count,
        customer_values.value_class_band_key,
        customer_values.value_class_code,
        customer_values.year_contribution_amount,
        customer_values.year_contribution_days,
        customer_values.value_rank,
        customer_values.cumulative_contribution_amount,
        customer_values.cumulative_contribution_rate,
        customer_values.annuity_value_amount,
        {%- for balance in balances %}
            coalesce(customer_months.{{ balance }}, 0) as {{ balance }},
        {%- endfor %}
        {%- for line in lines %}
            customer_months.{{ line }},
        {%- endfor %}
        coalesce(holdings.account_count, 0) as account_count,
        coalesce(holdings.product_family_count, 0) as product_family_count
    from spine
    inner join months on spine.month_end_date = months.month_end_date
    inner join {{ ref('dim_customer') }} as customers
        on
            spine.customer_durable_key = customers.customer_durable_key
            and {{ valid_on('customers', 'months.as_of_date') }}
    {{ join_lead_manager('spine.customer_durable_key', 'months.as_of_date') }}
    {%- for part in ['customer_months', 'grades', 'holdings', 'profiles', 'behaviour', 'customer_values'] %}
        left join {{ part }}
            on
                spine.customer_durable_key = {{ part }}.customer_durable_key
                and spine.month_end_date = {{ part }}.month_end_date
    {%- endfor %}
),

wallets as (
    select
        *,
        case when external_asset_amount is not null then aum_end_balance end as wallet_own_balance,
        aum_end_balance + external_asset_amount as wallet_balance,
        pre_tax_contribution_amount < 0 as is_below_marginal_cost
    from joined_months
)

select
    {{ surrogate_key("customer_durable_key", "month_end_date") }} as customer_monthly_key,
    month_end_date,
    customer_key,
    customer_durable_key,
    coalesce(customer_profile_key, -3) as customer_profile_key,
    coalesce(branch_key, -3) as branch_key,
    manager_key,
    industry_key,
    case
        when risk_grade_code is null then -3
        else {{ surrogate_key("'risk_grade'", "risk_grade_code") }}
    end as risk_grade_key,
    coalesce(grade_band_key, -3) as grade_band_key,
    coalesce(vip_band_key, case when customer_type is null then -1 else -3 end) as vip_band_key,
    coalesce(value_class_band_key, -1) as value_class_band_key,
    grade_code,
    previous_grade_code,
    grade_move,
    vip_band_code,
    value_class_code,
    lifecycle_code,
    activity_sign,
    -- Of the three, the largest burden; a draw goes to the loss, then to funding.
    case
        when is_below_marginal_cost then
            case greatest(-ftp_margin_amount, cost_to_serve_amount, expected_loss_amount)
                when expected_loss_amount then 'CREDIT_LOSS'
                when -ftp_margin_amount then 'FUNDING'
                else 'COST_TO_SERVE'
            end
    end as below_cost_cause,
    is_complete_month,
    account_count > 0 as is_active,
    is_on_watch,
    is_below_marginal_cost,
    first_opened_date,
    last_activity_date,
    tenure_months,
    months_below as months_below_grade,
    {%- for balance in balances %}
        {{ balance }},
    {%- endfor %}
    cast(account_count as integer) as account_count,
    cast(product_family_count as integer) as product_family_count,
    {%- for line in lines %}
        {{ line }},
    {%- endfor %}
    year_contribution_amount,
    year_contribution_days,
    value_rank,
    cumulative_contribution_amount,
    cumulative_contribution_rate,
    annuity_value_amount,
    recency_days,
    frequency_count,
    monetary_amount,
    recency_score,
    frequency_score,
    monetary_score,
    recent_transaction_count,
    earlier_transaction_count,
    external_asset_amount,
    cast(wallet_own_balance as decimal(18, 2)) as wallet_own_balance,
    cast(wallet_balance as decimal(18, 2)) as wallet_balance,
    {{ ratio(cents('wallet_own_balance'), cents('wallet_balance')) }} as share_of_wallet_rate
from wallets
