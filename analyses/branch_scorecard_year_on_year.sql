-- Scorecard of branches, the last complete month against the same month of the year before
-- How to read: stocks at the month-end, contribution of the month, contacts kept and complaints in the term as
-- ratios of sums. Every comparison is empty while the data does not reach a whole year back. A change is as
-- was, the unit with what it had then; the change like for like is as is, over what the unit is today. They
-- differ where a unit took another one in; a branch that was merged since has no row of its own this year.
with last_month as (
    select max(month_end_date) as month_end_date
    from marts.fct_account_monthly
    where is_complete_month
),

periods as (
    select
        'latest' as period,
        month_end_date
    from last_month
    union all
    select
        'year_before' as period,
        last_day(month_end_date - interval 1 year) as month_end_date
    from last_month
),

balances as (
    select
        periods.period,
        branches.branch_durable_key,
        sum(case when products.pillar = 'LIABILITY' then months.end_balance end) as deposit_balance,
        sum(case when products.pillar = 'ASSET' then months.end_balance end) as loan_balance
    from marts.fct_account_monthly as months
    inner join periods on months.month_end_date = periods.month_end_date
    inner join marts.dim_branch as branches on months.branch_key = branches.branch_key
    inner join marts.dim_product as products on months.product_key = products.product_key
    where months.is_complete_month
    group by periods.period, branches.branch_durable_key
),

balances_as_is as (
    select
        periods.period,
        branches.current_branch_durable_key as branch_durable_key,
        sum(case when products.pillar = 'LIABILITY' then months.end_balance end) as deposit_balance,
        sum(case when products.pillar = 'ASSET' then months.end_balance end) as loan_balance
    from marts.fct_account_monthly as months
    inner join periods on months.month_end_date = periods.month_end_date
    inner join marts.dim_branch as branches on months.branch_key = branches.branch_key
    inner join marts.dim_product as products on months.product_key = products.product_key
    where months.is_complete_month
    group by periods.period, branches.current_branch_durable_key
),

contributions as (
    select
        periods.period,
        branches.branch_durable_key,
        sum(months.pre_tax_contribution_amount) as contribution
    from marts.fct_profit_monthly as months
    inner join periods on months.month_end_date = periods.month_end_date
    inner join marts.dim_branch as branches on months.branch_key = branches.branch_key
    where months.is_complete_month
    group by periods.period, branches.branch_durable_key
),

contributions_as_is as (
    select
        periods.period,
        branches.current_branch_durable_key as branch_durable_key,
        sum(months.pre_tax_contribution_amount) as contribution
    from marts.fct_profit_monthly as months
    inner join periods on months.month_end_date = periods.month_end_date
    inner join marts.dim_branch as branches on months.branch_key = branches.branch_key
    where months.is_complete_month
    group by periods.period, branches.current_branch_durable_key
),

contacts as (
    select
        periods.period,
        branches.branch_durable_key,
        round(100 * sum(months.contacts_kept) / nullif(sum(months.contacts_due), 0), 1) as contacts_kept_percent
    from marts.fct_contact_compliance as months
    inner join periods on months.month_end_date = periods.month_end_date
    inner join marts.dim_branch as branches on months.branch_key = branches.branch_key
    where months.is_complete_month
    group by periods.period, branches.branch_durable_key
),

complaints as (
    select
        periods.period,
        complaints.branch_durable_key,
        round(
            100 * count(*) filter (where complaints.is_within_term) / nullif(count(complaints.is_within_term), 0), 1
        ) as complaints_in_term_percent
    from marts.fct_complaint as complaints
    inner join periods on last_day(complaints.received_date) = periods.month_end_date
    group by periods.period, complaints.branch_durable_key
),

scorecards as (
    select
        coalesce(balances.period, balances_as_is.period) as period,
        coalesce(balances.branch_durable_key, balances_as_is.branch_durable_key) as branch_durable_key,
        balances.deposit_balance,
        balances.loan_balance,
        balances_as_is.deposit_balance as deposit_balance_as_is,
        balances_as_is.loan_balance as loan_balance_as_is,
        contributions.contribution,
        contributions_as_is.contribution as contribution_as_is,
        contacts.contacts_kept_percent,
        complaints.complaints_in_term_percent
    from balances
    left join contributions
        on
            balances.period = contributions.period
            and balances.branch_durable_key = contributions.branch_durable_key
    left join contacts
        on
            balances.period = contacts.period
            and balances.branch_durable_key = contacts.branch_durable_key
    left join complaints
        on
            balances.period = complaints.period
            and balances.branch_durable_key = complaints.branch_durable_key
    full outer join balances_as_is
        on
            balances.period = balances_as_is.period
            and balances.branch_durable_key = balances_as_is.branch_durable_key
    left join contributions_as_is
        on
            balances_as_is.period = contributions_as_is.period
            and balances_as_is.branch_durable_key = contributions_as_is.branch_durable_key
)

select
    branches.region_name as region,
    branches.branch_name as branch,
    latest.deposit_balance,
    latest.deposit_balance - earlier.deposit_balance as deposit_change,
    latest.deposit_balance_as_is - earlier.deposit_balance_as_is as deposit_change_like_for_like,
    latest.loan_balance,
    latest.loan_balance - earlier.loan_balance as loan_change,
    latest.loan_balance_as_is - earlier.loan_balance_as_is as loan_change_like_for_like,
    latest.contribution,
    latest.contribution - earlier.contribution as contribution_change,
    latest.contribution_as_is - earlier.contribution_as_is as contribution_change_like_for_like,
    latest.contacts_kept_percent,
    latest.contacts_kept_percent - earlier.contacts_kept_percent as contacts_kept_points,
    latest.complaints_in_term_percent,
    latest.complaints_in_term_percent - earlier.complaints_in_term_percent as complaints_in_term_points
from scorecards as latest
inner join marts.dim_branch as branches
    on
        latest.branch_durable_key = branches.branch_durable_key
        and branches.is_current
left join scorecards as earlier
    on
        latest.branch_durable_key = earlier.branch_durable_key
        and earlier.period = 'year_before'
where latest.period = 'latest'
order by latest.contribution desc nulls last, region asc, branch asc
