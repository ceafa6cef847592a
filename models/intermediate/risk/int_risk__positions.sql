{{ config(materialized='incremental') }}

-- Loans and credit cards as they stood on the last business date of a month, with the worst of the
-- month and the number of instalments that fell due in it (one while no schedule is known).
-- Grain: one loan or credit card in one month.
with months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }}
),

loans as (
    select
        account_durable_key,
        'LOAN' as asset_kind,
        principal_balance as balance,
        overdue_principal_amount,
        overdue_interest_amount,
        days_past_due,
        valid_from,
        valid_to
    from {{ ref('int_loans__spans') }}
),

cards as (
    select
        account_durable_key,
        'CARD' as asset_kind,
        balance,
        overdue_amount as overdue_principal_amount,
        cast(0 as decimal(18, 2)) as overdue_interest_amount,
        days_past_due,
        valid_from,
        valid_to
    from {{ ref('int_cards__spans') }}
),

positions as (
    select * from loans
    union all
    select * from cards
),

month_extremes as (
    select
        positions.account_durable_key,
        months.month_end_date,
        max(positions.days_past_due) as maximum_days_past_due,
        max(positions.balance) as maximum_balance,
        max(cast(least(positions.valid_to, months.period_to_date) - interval 1 day as date)) filter (
            where positions.days_past_due > 0
            or positions.overdue_principal_amount > 0
            or positions.overdue_interest_amount > 0
        ) as last_arrears_date
    from positions
    inner join months
        on
            positions.valid_from < months.period_to_date
            and positions.valid_to > months.month_start_date
    group by positions.account_durable_key, months.month_end_date
),

instalments as (
    select * from {{ ref('int_loans__instalments') }}
),

scheduled_loans as (
    select
        account_durable_key,
        min(valid_from) as first_date
    from instalments
    group by account_durable_key
),

due_periods as (
    select
        instalments.account_durable_key,
        months.month_end_date,
        count(*) as period_count
    from instalments
    inner join months
        on
            instalments.due_date >= months.month_start_date
            and instalments.due_date < months.period_to_date
            and {{ valid_on('instalments', 'months.as_of_date') }}
    group by instalments.account_durable_key, months.month_end_date
),

month_end_positions as (
    select
        positions.account_durable_key,
        positions.asset_kind,
        positions.balance,
        positions.overdue_principal_amount,
        positions.overdue_interest_amount,
        positions.days_past_due,
        months.month_end_date,
        months.as_of_date,
        months.period_days,
        months.is_complete_month,
        month_extremes.maximum_days_past_due,
        month_extremes.maximum_balance,
        month_extremes.last_arrears_date,
        cast(
            case
                when scheduled_loans.account_durable_key is null then 1
                else coalesce(due_periods.period_count, 0)
            end as integer
        ) as due_period_count
    from positions
    inner join months
        on
            {{ valid_on('positions', 'months.as_of_date') }}
    inner join month_extremes
        on
            positions.account_durable_key = month_extremes.account_durable_key
            and months.month_end_date = month_extremes.month_end_date
    left join scheduled_loans
        on
            positions.account_durable_key = scheduled_loans.account_durable_key
            and months.as_of_date >= scheduled_loans.first_date
    left join due_periods
        on
            positions.account_durable_key = due_periods.account_durable_key
            and months.month_end_date = due_periods.month_end_date
),

keyed_positions as (
    {{ as_of_keys('month_end_positions') }}
)

select * from keyed_positions
