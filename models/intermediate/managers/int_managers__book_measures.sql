{{ config(materialized='ephemeral') }}

-- What the customers of a manager keep and bring: each owner's part of each account by the manager's
-- share of the owner at the month's end. Grain: one manager in one month.
with manager_months as (
    select * from {{ ref('int_managers__months') }}
),

profit_months as (
    select
        profit.customer_durable_key,
        profit.month_end_date,
        months.as_of_date,
        profit.account_type,
        profit.economic_value_added_amount,
        {{ cents('profit.end_balance') }} as balance_cents,
        {{ cents('profit.fee_income_amount') }} as fee_cents,
        {{ cents('profit.economic_value_added_amount') }} as value_cents
    from {{ ref('int_profit__months') }} as profit
    inner join {{ ref('int_calendar__months') }} as months on profit.month_end_date = months.month_end_date
    where profit.month_end_date >= {{ refresh_from_month() }}
),

shares as (
    {{ shares_of_managers('profit_months', 'as_of_date', is_of_one_customer=true) }}
),

-- One account whose value added is unknown makes the manager's unknown, never a part of it.
sums as (
    select
        manager_durable_key,
        month_end_date,
        sum(balance_cents * weight_units) filter (where account_type = 'DEPOSIT') as deposit_units,
        sum(balance_cents * weight_units) filter (where account_type = 'LOAN') as loan_units,
        sum(fee_cents * weight_units) as fee_units,
        sum(value_cents * weight_units) as value_units,
        bool_and(economic_value_added_amount is not null) as has_value
    from shares
    group by manager_durable_key, month_end_date
)

select
    manager_months.manager_durable_key,
    manager_months.month_end_date,
    {{ divide_money('coalesce(sums.deposit_units, 0)', '1000000000000') }} as deposit_amount,
    {{ divide_money('coalesce(sums.loan_units, 0)', '1000000000000') }} as loan_amount,
    {{ divide_money('coalesce(sums.fee_units, 0)', '1000000000000') }} as fee_amount,
    case
        when coalesce(sums.has_value, true)
            then {{ divide_money('coalesce(sums.value_units, 0)', '1000000000000') }}
    end as value_added_amount
from manager_months
left join sums
    on
        manager_months.manager_durable_key = sums.manager_durable_key
        and manager_months.month_end_date = sums.month_end_date
