{{ config(materialized='ephemeral') }}

-- Incremental daily average: sum(balance of a day x coefficient - base) / days, rounded half up once.
-- Null where the manager has no base. Grain: one manager in one month.
with manager_months as (
    select * from {{ ref('int_managers__months') }}
),

deposits as (
    select * from {{ ref('int_accounts__months') }}
    where month_end_date >= {{ refresh_from_month() }} and account_type = 'DEPOSIT'
),

owners as (
    select * from {{ ref('int_accounts__owners') }}
),

books as (
    select * from {{ ref('int_customers__managers') }}
),

bases as (
    select * from {{ ref('int_managers__targets') }}
    where measure_code = 'DEPOSIT_INCREMENT'
),

shares as (
    select
        manager_months.manager_durable_key,
        manager_months.month_end_date,
        {{ cents('deposits.balance_days') }}
        * {{ millionths('owners.weight') }} * {{ millionths('books.weight') }} as balance_units,
        {{ rate_units('coefficients.coefficient') }} as coefficient_units
    from manager_months
    inner join books
        on
            manager_months.manager_durable_key = books.manager_durable_key
            and {{ valid_on('books', 'manager_months.as_of_date') }}
    inner join owners
        on
            books.customer_durable_key = owners.customer_durable_key
            and {{ valid_on('owners', 'manager_months.as_of_date') }}
    inner join deposits
        on
            owners.account_durable_key = deposits.account_durable_key
            and manager_months.month_end_date = deposits.month_end_date
    left join {{ ref('int_products__versions') }} as products on deposits.product_key = products.product_key
    left join {{ ref('deposit_coefficient') }} as coefficients
        on
            coefficients.product_family in (products.product_family, '*')
            and {{ valid_on('coefficients', 'manager_months.as_of_date') }}
    -- a named family counts before every other
    qualify row_number() over (
        partition by
            manager_months.manager_durable_key, books.customer_durable_key, deposits.account_durable_key,
            deposits.month_end_date
        order by case coefficients.product_family when '*' then 1 else 0 end
    ) = 1
),

sums as (
    select
        manager_durable_key,
        month_end_date,
        sum(balance_units * coefficient_units) as counted_units
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
