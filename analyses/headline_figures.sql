-- The bank in figures
-- How to read: stocks at the end of the last complete month (before the first one, of the month to
-- date); flows of that month. An empty value is unknown, not zero.
with last_month as (
    select coalesce(max(month_end_date) filter (where is_complete_month), max(month_end_date)) as month_end_date
    from marts.fct_account_monthly
),

account_figures as (
    select
        count(distinct account_months.customer_durable_key) as customers,
        sum(account_months.end_balance) filter (where account_months.account_type = 'DEPOSIT') as deposits,
        sum(account_months.end_balance) filter (where account_months.account_type <> 'DEPOSIT') as lending
    from marts.fct_account_monthly as account_months
    inner join last_month on account_months.month_end_date = last_month.month_end_date
    where account_months.end_balance <> 0
),

profit_figures as (
    select sum(profit.pre_tax_contribution_amount) as contribution
    from marts.fct_profit_monthly as profit
    inner join last_month on profit.month_end_date = last_month.month_end_date
),

loan_figures as (
    select
        100 * sum(loan_months.principal_balance) filter (where grades.is_non_performing)
        / nullif(greatest(sum(loan_months.principal_balance), 0), 0) as bad_loans_percent
    from marts.fct_loan_monthly as loan_months
    inner join last_month on loan_months.month_end_date = last_month.month_end_date
    inner join marts.dim_risk_grade as grades on loan_months.risk_grade_key = grades.risk_grade_key
),

entry_figures as (
    select
        100 * count(*) filter (where channels.channel_group = 'Counter')
        / nullif(count(*), 0) as counter_percent
    from marts.fct_transaction as entries
    inner join marts.dim_date as dates on entries.value_date = dates.date_key
    inner join last_month on dates.month_end_date = last_month.month_end_date
    inner join marts.dim_channel as channels on entries.channel_key = channels.channel_key
    inner join marts.dim_transaction_type as transaction_types
        on entries.transaction_type_key = transaction_types.transaction_type_key
    where
        entries.business_entry_count = 1
        and transaction_types.is_customer_made
        and (channels.is_electronic or channels.channel_group = 'Counter')
),

figures as (
    select
        1 as ordinal,
        'Customers with a balance' as figure,
        customers as figure_value,
        'count' as unit
    from account_figures
    union all
    select
        2 as ordinal,
        'Deposits' as figure,
        deposits as figure_value,
        'money' as unit
    from account_figures
    union all
    select
        3 as ordinal,
        'Loans and cards' as figure,
        lending as figure_value,
        'money' as unit
    from account_figures
    union all
    select
        4 as ordinal,
        'Contribution before tax' as figure,
        contribution as figure_value,
        'money' as unit
    from profit_figures
    union all
    select
        5 as ordinal,
        'Non-performing loans' as figure,
        bad_loans_percent as figure_value,
        'percent' as unit
    from loan_figures
    union all
    select
        6 as ordinal,
        'Own entries at the counter' as figure,
        counter_percent as figure_value,
        'percent' as unit
    from entry_figures
)

select
    figures.figure,
    cast(figures.figure_value as decimal(18, 2)) as figure_value,
    figures.unit,
    last_month.month_end_date as month_end
from figures
cross join last_month
order by figures.ordinal
