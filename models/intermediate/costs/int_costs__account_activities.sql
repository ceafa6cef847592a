{{ config(materialized='ephemeral') }}

-- How often each account caused each activity in a month, and what that cost, rounded half up once.
-- Grain: one account, activity and channel in one month from the month of refresh_from on.
with entry_activities as (
    select
        entries.account_durable_key,
        last_day(entries.value_date) as month_end_date,
        entries.channel_key,
        entries.activity_code,
        count(*) as event_count
    from {{ ref('int_transactions__owned_entries') }} as entries
    where
        entries.value_date >= {{ refresh_from_month() }}
        and entries.activity_code is not null
    group by all
),

account_activities as (
    select
        account_months.account_durable_key,
        account_months.month_end_date,
        cast(-3 as bigint) as channel_key,
        kept.activity_code,
        1 as event_count
    from {{ ref('int_accounts__months') }} as account_months
    inner join {{ ref('activity_of_account') }} as kept
        on
            case account_months.card_type when 'DEBIT' then 'DEBIT_CARD' else account_months.account_type end = kept.account_type
            and (account_months.manager_key > 0) = kept.is_managed
    where account_months.month_end_date >= {{ refresh_from_month() }}
),

all_activities as (
    select * from entry_activities
    union all
    select * from account_activities
)

select
    all_activities.account_durable_key,
    all_activities.month_end_date,
    rates.as_of_date,
    all_activities.channel_key,
    all_activities.activity_code,
    all_activities.event_count,
    cast(all_activities.event_count * rates.standard_minutes as decimal(18, 2)) as used_minutes,
    {{ unit_costs('rates', 'all_activities.event_count') }} as cost_amount
from all_activities
inner join {{ ref('int_costs__activity_rates') }} as rates
    on
        all_activities.activity_code = rates.activity_code
        and all_activities.month_end_date = rates.month_end_date
