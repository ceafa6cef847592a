{{ config(materialized='ephemeral') }}

{%- set risks_nothing = "account_months.account_type = 'DEPOSIT' or account_months.card_type = 'DEBIT'" %}

-- Lines of the profit contribution that an account owes as a whole: taxes on turnover, expected loss
-- and capital. Capital of the period and its charge are those of the exposure of each day. Income that
-- seed vat_exemption lists bears no tax on turnover. A line is null where what it needs is unknown, never
-- zero instead.
-- Grain: one account in one month from the month of refresh_from on.
with account_months as (
    select * from {{ ref('int_accounts__months') }}
    where month_end_date >= {{ refresh_from_month() }}
),

exposures as (
    select * from {{ ref('int_risk__exposures') }}
),

rates as (
    select * from {{ ref('int_profit__parameters') }}
),

exemptions as (
    select
        products.product_key,
        months.month_end_date,
        bool_or(exemptions.income_kind = 'INTEREST') as is_interest_exempt,
        bool_or(exemptions.income_kind = 'FEE') as is_fee_exempt
    from {{ ref('vat_exemption') }} as exemptions
    inner join {{ ref('int_products__versions') }} as products on exemptions.product_id = products.product_id
    inner join {{ ref('int_calendar__months') }} as months
        on
            {{ valid_on('exemptions', 'months.as_of_date') }}
    group by products.product_key, months.month_end_date
),

-- Interest on deposits is an expense and bears no tax on turnover; a deposit and
-- a debit card risk and tie up nothing.
bases as (
    select
        account_months.account_durable_key,
        account_months.month_end_date,
        rates.vat_rate,
        rates.surcharge_rate,
        rates.hurdle_rate,
        case
            when account_months.account_type = 'DEPOSIT' or coalesce(exemptions.is_interest_exempt, false) then 0
            else account_months.interest_income_amount
        end
        + case when coalesce(exemptions.is_fee_exempt, false) then 0 else account_months.fee_income_amount end
            as taxed_income,
        case
            when {{ risks_nothing }} then 0
            else exposures.expected_loss_amount
        end as expected_loss,
        case
            when {{ risks_nothing }} then 0
            else
                {{ capital_units('exposures', 'rates') }}
        end as capital_units,
        case
            when {{ risks_nothing }} then 0
            else
                exposures.capital_cent_days
                * {{ rate_units('exposures.risk_weight') }}
                * {{ rate_units('rates.capital_ratio') }}
        end as capital_unit_days
    from account_months
    inner join rates on account_months.month_end_date = rates.month_end_date
    left join exposures
        on
            account_months.account_durable_key = exposures.account_durable_key
            and account_months.month_end_date = exposures.month_end_date
    left join exemptions
        on
            account_months.product_key = exemptions.product_key
            and account_months.month_end_date = exemptions.month_end_date
)

select
    account_durable_key,
    month_end_date,
    {{ divide_money(
        "(" ~ cents('taxed_income') ~ " * " ~ rate_units('vat_rate') ~ ")",
        "(100000000 + " ~ rate_units('vat_rate') ~ ")"
    ) }} as vat_amount,
    {{ divide_money(
        "(" ~ cents('taxed_income') ~ " * " ~ rate_units('vat_rate') ~ " * " ~ rate_units('surcharge_rate') ~ ")",
        "((100000000 + " ~ rate_units('vat_rate') ~ ") * 100000000)"
    ) }} as surcharge_amount,
    cast(expected_loss as decimal(18, 2)) as expected_loss_amount,
    {{ divide_money('capital_units', '10000000000000000') }} as capital_amount,
    {{ divide_money('capital_unit_days', '3650000000000000000') }} as capital_year_amount,
    {{ divide_money(
        "(capital_unit_days * " ~ rate_units('hurdle_rate') ~ ")",
        "(3650000000000000000 * 100000000::hugeint)"
    ) }} as capital_charge_amount
from bases
