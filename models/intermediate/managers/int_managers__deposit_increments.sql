{{ config(materialized='ephemeral') }}

-- Incremental daily average: sum(balance of a day x coefficient - base) / days, rounded half up once.
-- Null where the manager has no base. Grain: one manager in one month.
with manager_months as (
    select * from {{ ref('int_managers__months') }}
),

bases as (
    select * from {{ ref('int_managers__targets') }}
    where measure_code = 'DEPOSIT_INCREMENT'
),

-- A named family counts before every other.
deposits as (
    select
        account_months.account_durable_key,
        account_months.month_end_date,
        months.as_of_date,
        {{ cents('account_months.balance_days') }} as balance_cents,
        {{ rate_units('coefficients.coefficient') }} as coefficient_units
    from {{ ref('int_accounts__months') }} as account_months
    inner join {{ ref('int_calendar__months') }} as months on account_months.month_end_date = months.month_end_date
    left join {{ ref('int_products__versions') }} as products on account_months.product_key = products.product_key
    left join {{ ref('deposit_coefficient') }} as coefficients
        on
            coefficients.product_family in (products.product_family, '*')
            and {{ valid_on('coefficients', 'months.as_of_date') }}
    where account_months.month_end_date >= {{ refresh_from_month() }} and account_months.account_type = 'DEPOSIT'
    qualify row_number() over (
        partition by account_months.account_durable_key, account_months.month_end_date
        order by case coefficients.product_family when '*' then 1 else 0 end
    ) = 1
),

shares as (
    {{ shares_of_managers('deposits', 'as_of_date') }}
),

sums as (
    select
        manager_durable_key,
        month_end_date,
        sum(balance_cents * weight_units * coefficient_units) as counted_units
    from shares
    group by manager_durable_key, month_end_date
)

select
    manager_months.manager_durable_key,
    manager_months.month_end_date,
    {{ divide_money(
        "(coalesce(sums.counted_units, 0) - " ~ cents('bases.base_value')
        ~ " * manager_months.period_days * 100000000000000000000::hugeint)",
        "(manager_months.period_days * 100000000000000000000::hugeint)"
    ) }} as increment_amount
from manager_months
left join sums
    on
        manager_months.manager_durable_key = sums.manager_durable_key
        and manager_months.month_end_date = sums.month_end_date
left join bases
    on
        manager_months.manager_durable_key = bases.manager_durable_key
        and manager_months.month_end_date = bases.month_end_date
