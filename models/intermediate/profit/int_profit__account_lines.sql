{{ config(materialized='ephemeral') }}

-- Lines of the profit contribution that an account owes as a whole: taxes on turnover, expected loss
-- and capital. A line is null where what it needs is unknown, never zero instead.
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

-- Interest on deposits is an expense and bears no tax on turnover; a deposit risks and ties up nothing.
bases as (
    select
        account_months.account_durable_key,
        account_months.month_end_date,
        account_months.period_days,
        rates.vat_rate,
        rates.surcharge_rate,
        rates.hurdle_rate,
        case account_months.account_type
            when 'DEPOSIT' then account_months.fee_income_amount
            else account_months.interest_income_amount + account_months.fee_income_amount
        end as gross_income,
        case account_months.account_type
            when 'DEPOSIT' then 0
            else exposures.expected_loss_amount
        end as expected_loss,
        case account_months.account_type
            when 'DEPOSIT' then 0
            else
                {{ capital_units('exposures', 'rates') }}
        end as capital_units
    from account_months
    inner join rates on account_months.month_end_date = rates.month_end_date
    left join exposures
        on
            account_months.account_durable_key = exposures.account_durable_key
            and account_months.month_end_date = exposures.month_end_date
)

select
    account_durable_key,
    month_end_date,
    {{ divide_money(
        "(" ~ cents('gross_income') ~ " * " ~ rate_units('vat_rate') ~ ")",
        "(100000000 + " ~ rate_units('vat_rate') ~ ")"
    ) }} as vat_amount,
    {{ divide_money(
        "(" ~ cents('gross_income') ~ " * " ~ rate_units('vat_rate') ~ " * " ~ rate_units('surcharge_rate') ~ ")",
        "((100000000 + " ~ rate_units('vat_rate') ~ ") * 100000000)"
    ) }} as surcharge_amount,
    cast(expected_loss as decimal(18, 2)) as expected_loss_amount,
    {{ divide_money('capital_units', '10000000000000000') }} as capital_amount,
    {{ divide_money('(capital_units * period_days)', '3650000000000000000') }} as capital_year_amount,
    {{ divide_money(
        "(capital_units * " ~ rate_units('hurdle_rate') ~ " * period_days)",
        "(3650000000000000000 * 100000000::hugeint)"
    ) }} as capital_charge_amount
from bases
