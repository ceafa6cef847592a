{{ config(materialized='ephemeral') }}

-- How often each account caused each activity in a month, and what that cost: pool cost x minutes /
-- practical minutes, rounded half up once.
-- Grain: one account, activity and channel in one month from the month of refresh_from on.
with months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }}
),

entries as (
    select
        account_durable_key,
        last_day(transaction_date) as month_end_date,
        channel_key,
        transaction_type_key,
        count(*) as event_count
    from {{ ref('fct_transaction') }}
    where transaction_date >= {{ refresh_from_month() }}
    group by account_durable_key, last_day(transaction_date), channel_key, transaction_type_key
),

entry_activities as (
    select
        entries.account_durable_key,
        entries.month_end_date,
        entries.channel_key,
        coalesce(of_group.activity_code, of_channel.activity_code) as activity_code,
        sum(entries.event_count) as event_count
    from entries
    inner join {{ ref('dim_channel') }} as channels on entries.channel_key = channels.channel_key
    inner join {{ ref('dim_transaction_type') }} as transaction_types
        on entries.transaction_type_key = transaction_types.transaction_type_key
    left join {{ ref('activity_of_entry') }} as of_group
        on
            channels.channel_code = of_group.channel_code
            and transaction_types.transaction_group = of_group.transaction_group
    left join {{ ref('activity_of_entry') }} as of_channel
        on
            channels.channel_code = of_channel.channel_code
            and of_channel.transaction_group = '*'
    where coalesce(of_group.activity_code, of_channel.activity_code) is not null
    group by all
),

account_activities as (
    select
        account_months.account_durable_key,
        account_months.month_end_date,
        cast(-3 as bigint) as channel_key,
        kept.activity_code,
        1 as event_count
    from {{ ref('fct_account_monthly') }} as account_months
    inner join {{ ref('activity_of_account') }} as kept
        on
            account_months.account_type = kept.account_type
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
    months.as_of_date,
    all_activities.channel_key,
    all_activities.activity_code,
    all_activities.event_count,
    cast(all_activities.event_count * activities.standard_minutes as decimal(18, 2)) as used_minutes,
    {{ divide_money(
        "(pools.pool_cents * cast(activities.standard_minutes * 100 as hugeint) * all_activities.event_count)",
        "pools.practical_units"
    ) }} as cost_amount
from all_activities
inner join months on all_activities.month_end_date = months.month_end_date
inner join {{ ref('activity') }} as activities
    on
        all_activities.activity_code = activities.activity_code
        and {{ valid_on('activities', 'months.as_of_date') }}
inner join {{ ref('int_costs__pool_rates') }} as pools
    on
        activities.cost_pool_code = pools.cost_pool_code
        and all_activities.month_end_date = pools.month_end_date
