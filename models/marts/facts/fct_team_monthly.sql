-- Grain: one team in one month that has ended and in which the register of contacts was kept: without it
-- nobody is ranked. A team is the managers of one unit. Counts and amounts are additive.
with kept_months as (
    select distinct last_day(contact_date) as month_end_date from {{ ref('fct_contact') }}
),

months as (
    select months.month_end_date
    from {{ ref('int_calendar__months') }} as months
    inner join kept_months on months.month_end_date = kept_months.month_end_date
    where months.as_of_date = months.month_end_date
),

units as (
    select
        branch_key,
        branch_durable_key
    from {{ ref('dim_branch') }}
    where branch_durable_key > 0
),

contacts as (
    select
        units.branch_durable_key,
        last_day(contacts.contact_date) as month_end_date,
        count(*) filter (where contacts.keeps_cadence) as contact_count,
        0 as new_account_count,
        0 as breach_count,
        count(*) filter (where not contacts.has_report) as missing_report_count,
        0 as breach_penalty_amount
    from {{ ref('fct_contact') }} as contacts
    inner join units on contacts.branch_key = units.branch_key
    group by units.branch_durable_key, last_day(contacts.contact_date)
),

-- An account counts for the lead manager of its lead owner on the day it was opened.
opened_accounts as (
    select
        opened.account_durable_key,
        opened.opened_date as as_of_date
    from {{ ref('dim_account') }} as opened
    where opened.is_current and opened.opened_date is not null
),

account_managers as (
    select
        opened_accounts.as_of_date,
        managers.branch_id
    from opened_accounts
    inner join {{ ref('int_accounts__lead_owners') }} as lead_owners
        on
            opened_accounts.account_durable_key = lead_owners.account_durable_key
            and {{ valid_on('lead_owners', 'opened_accounts.as_of_date') }}
    {{ join_lead_manager('lead_owners.customer_durable_key', 'opened_accounts.as_of_date') }}
    where managers.branch_id is not null
),

new_accounts as (
    select
        branches.branch_durable_key,
        last_day(account_managers.as_of_date) as month_end_date,
        0 as contact_count,
        count(*) as new_account_count,
        0 as breach_count,
        0 as missing_report_count,
        0 as breach_penalty_amount
    from account_managers
    inner join {{ ref('dim_branch') }} as branches
        on
            account_managers.branch_id = branches.branch_id
            and {{ valid_on('branches', 'account_managers.as_of_date') }}
    group by branches.branch_durable_key, last_day(account_managers.as_of_date)
),

-- A breach belongs to the month in which the term ended.
complaints as (
    select
        branch_durable_key,
        last_day(due_date) as month_end_date,
        0 as contact_count,
        0 as new_account_count,
        count(*) filter (where not is_within_term) as breach_count,
        count(*) filter (where reported_date is null) as missing_report_count,
        sum(penalty_amount) as breach_penalty_amount
    from {{ ref('fct_complaint') }}
    where is_within_term is not null and branch_durable_key > 0
    group by branch_durable_key, last_day(due_date)
),

events as (
    select * from contacts
    union all
    select * from new_accounts
    union all
    select * from complaints
)

select
    events.branch_durable_key,
    events.month_end_date,
    cast(sum(events.contact_count) as integer) as contact_count,
    cast(sum(events.new_account_count) as integer) as new_account_count,
    cast(sum(events.breach_count) as integer) as breach_count,
    cast(sum(events.missing_report_count) as integer) as missing_report_count,
    cast(sum(events.breach_penalty_amount) as decimal(18, 2)) as breach_penalty_amount
from events
inner join months on events.month_end_date = months.month_end_date
group by events.branch_durable_key, events.month_end_date
