{{ config(
    materialized='incremental',
    incremental_strategy='rebuild_from',
    incremental_predicates=['month_end_date >= REFRESH_FROM_MONTH'],
) }}

-- Grain: one loan in one month, as it stood on the month's last business date. Amounts add up over
-- loans, never over months.
with months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }}
),

positions as (
    select * from {{ ref('int_loans__spans') }}
),

month_extremes as (
    select
        positions.account_durable_key,
        months.month_end_date,
        max(positions.days_past_due) as maximum_days_past_due,
        max(positions.principal_balance) as maximum_principal_balance
    from positions
    inner join months
        on
            positions.valid_from < months.period_to_date
            and positions.valid_to > months.month_start_date
    group by positions.account_durable_key, months.month_end_date
),

month_end_positions as (
    select
        positions.*,
        months.month_end_date,
        months.as_of_date,
        months.is_complete_month,
        month_extremes.maximum_days_past_due,
        month_extremes.maximum_principal_balance
    from positions
    inner join months
        on
            {{ valid_on('positions', 'months.as_of_date') }}
    inner join month_extremes
        on
            positions.account_durable_key = month_extremes.account_durable_key
            and months.month_end_date = month_extremes.month_end_date
),

keyed_positions as (
    {{ as_of_keys('month_end_positions') }}
),

-- A loan keeps its row in the month it is repaid; a loan that owed nothing all month has none.
living_positions as (
    select * from keyed_positions
    where maximum_principal_balance > 0 or overdue_interest_amount > 0
)

select
    {{ surrogate_key("living_positions.account_durable_key", "living_positions.month_end_date") }} as loan_monthly_key,
    living_positions.month_end_date,
    living_positions.account_key,
    living_positions.account_durable_key,
    living_positions.customer_key,
    living_positions.customer_durable_key,
    living_positions.product_key,
    living_positions.branch_key,
    living_positions.manager_key,
    living_positions.currency_key,
    {{ surrogate_key("'risk_grade'", "grades.risk_grade_code") }} as risk_grade_key,
    living_positions.loan_id,
    living_positions.is_complete_month,
    grades.is_non_performing,
    living_positions.principal_balance,
    living_positions.overdue_principal_amount,
    living_positions.overdue_interest_amount,
    living_positions.days_past_due,
    living_positions.maximum_days_past_due
from living_positions
inner join {{ ref('risk_grade') }} as grades
    on
        grades.asset_kind = 'LOAN'
        and living_positions.days_past_due >= grades.days_past_due_from
        and living_positions.days_past_due < grades.days_past_due_to
        and {{ valid_on('grades', 'living_positions.as_of_date') }}
