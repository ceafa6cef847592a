{{ config(materialized='ephemeral') }}

-- Flows that count as growth, by the owners of the account and their managers on the day of the flow.
-- Grain: one manager in one month.
with manager_months as (
    select * from {{ ref('int_managers__months') }}
),

flows as (
    select
        account_durable_key,
        account_type,
        flow_date,
        {{ cents('flow_amount') }} as flow_cents
    from {{ ref('int_flows__classified') }}
    where is_growth and flow_date >= {{ refresh_from_month() }}
),

shares as (
    {{ shares_of_managers('flows', 'flow_date') }}
),

sums as (
    select
        manager_durable_key,
        last_day(flow_date) as month_end_date,
        sum(flow_cents * weight_units) filter (where account_type = 'DEPOSIT') as deposit_units,
        sum(flow_cents * weight_units) filter (where account_type = 'LOAN') as loan_units
    from shares
    group by manager_durable_key, last_day(flow_date)
)

select
    manager_months.manager_durable_key,
    manager_months.month_end_date,
    {{ divide_money('coalesce(sums.deposit_units, 0)', '1000000000000') }} as deposit_growth_amount,
    {{ divide_money('coalesce(sums.loan_units, 0)', '1000000000000') }} as loan_growth_amount
from manager_months
left join sums
    on
        manager_months.manager_durable_key = sums.manager_durable_key
        and manager_months.month_end_date = sums.month_end_date
