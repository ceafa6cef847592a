{{ config(materialized='ephemeral') }}

-- Expected loss and capital of loans and cards in a month, by the fall-back parameters of their class.
-- Grain: one loan or credit card in one month from the month of refresh_from on.
with months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }}
),

arrears as (
    select
        account_durable_key,
        days_past_due,
        valid_from,
        valid_to
    from {{ ref('int_loans__spans') }}
    union all
    select
        account_durable_key,
        days_past_due,
        valid_from,
        valid_to
    from {{ ref('int_cards__spans') }}
),

assets as (
    select
        account_months.account_durable_key,
        account_months.account_type as asset_kind,
        account_months.month_end_date,
        months.as_of_date,
        months.period_days,
        greatest(account_months.end_balance, 0) as balance,
        greatest(coalesce(account_versions.credit_limit, 0) - greatest(account_months.end_balance, 0), 0) as undrawn,
        products.product_family,
        customers.customer_type,
        arrears.days_past_due
    from {{ ref('fct_account_monthly') }} as account_months
    inner join months on account_months.month_end_date = months.month_end_date
    inner join {{ ref('dim_account') }} as account_versions
        on account_months.account_key = account_versions.account_key
    inner join {{ ref('dim_customer') }} as customers on account_months.customer_key = customers.customer_key
    inner join {{ ref('dim_product') }} as products on account_months.product_key = products.product_key
    inner join arrears
        on
            account_months.account_durable_key = arrears.account_durable_key
            and {{ valid_on('arrears', 'months.as_of_date') }}
    where account_months.account_type in ('LOAN', 'CARD')
),

-- The most specific weight counts: a product family before every other, a type of customer likewise.
weighted_assets as (
    select
        assets.*,
        risk_weights.risk_weight
    from assets
    left join {{ ref('risk_weight') }} as risk_weights
        on
            assets.asset_kind = risk_weights.asset_kind
            and risk_weights.product_family in (assets.product_family, '*')
            and risk_weights.customer_type in (assets.customer_type, '*')
            and {{ valid_on('risk_weights', 'assets.as_of_date') }}
    qualify row_number() over (
        partition by assets.account_durable_key, assets.month_end_date
        order by
            case risk_weights.product_family when '*' then 1 else 0 end asc,
            case risk_weights.customer_type when '*' then 1 else 0 end asc
    ) = 1
),

graded_assets as (
    select
        weighted_assets.*,
        risk_parameters.probability_of_default,
        risk_parameters.loss_given_default,
        cast(
            weighted_assets.balance
            + round(weighted_assets.undrawn * risk_parameters.credit_conversion_factor, 2)
            as decimal(18, 2)
        ) as exposure_at_default,
        cast(
            round(weighted_assets.balance * risk_parameters.specific_provision_rate, 2)
            as decimal(18, 2)
        ) as specific_provision
    from weighted_assets
    inner join {{ ref('risk_grade') }} as grades
        on
            weighted_assets.asset_kind = grades.asset_kind
            and weighted_assets.days_past_due >= grades.days_past_due_from
            and weighted_assets.days_past_due < grades.days_past_due_to
            and {{ valid_on('grades', 'weighted_assets.as_of_date') }}
    inner join {{ ref('risk_parameter') }} as risk_parameters
        on
            grades.asset_kind = risk_parameters.asset_kind
            and grades.risk_grade_code = risk_parameters.risk_grade_code
            and {{ valid_on('risk_parameters', 'weighted_assets.as_of_date') }}
)

select
    account_durable_key,
    month_end_date,
    exposure_at_default,
    specific_provision,
    risk_weight,
    {{ divide_money(
        "(" ~ cents('exposure_at_default') ~ " * " ~ rate_units('probability_of_default')
        ~ " * " ~ rate_units('loss_given_default') ~ " * period_days)",
        "3650000000000000000"
    ) }} as expected_loss_amount
from graded_assets
