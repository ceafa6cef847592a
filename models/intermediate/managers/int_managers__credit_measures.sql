{{ config(materialized='ephemeral') }}

-- Principal of the loans of a manager's customers, and the parts of it that are overdue, that belong
-- to a non-performing loan, or to a loan with either trouble. Grain: one manager in one month.
with manager_months as (
    select * from {{ ref('int_managers__months') }}
),

loan_months as (
    select
        account_durable_key,
        month_end_date,
        as_of_date,
        is_non_performing,
        is_non_performing or days_past_due > 0 as is_bad,
        {{ cents('overdue_principal_amount') }} as overdue_cents,
        {{ cents('balance') }} as principal_cents
    from {{ ref('int_risk__credit_months') }}
    where asset_kind = 'LOAN' and month_end_date >= {{ refresh_from_month() }}
),

shares as (
    {{ shares_of_managers('loan_months', 'as_of_date') }}
),

sums as (
    select
        manager_durable_key,
        month_end_date,
        sum(principal_cents * weight_units) as principal_units,
        sum(overdue_cents * weight_units) as overdue_units,
        sum(principal_cents * weight_units) filter (where is_non_performing) as non_performing_units,
        sum(principal_cents * weight_units) filter (where is_bad) as bad_units
    from shares
    group by manager_durable_key, month_end_date
)

select
    manager_months.manager_durable_key,
    manager_months.month_end_date,
{%- for amount in ['principal', 'overdue', 'non_performing', 'bad'] %}
    {{ divide_money('coalesce(sums.' ~ amount ~ '_units, 0)', '1000000000000') }} as {{ amount }}_amount{{ "," if not loop.last }}
{%- endfor %}
from manager_months
left join sums
    on
        manager_months.manager_durable_key = sums.manager_durable_key
        and manager_months.month_end_date = sums.month_end_date
