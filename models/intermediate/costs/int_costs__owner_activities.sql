{{ config(materialized='incremental') }}

-- Activities of accounts, split over their owners by weight, to the cent.
-- Grain: one account, owner, activity and channel in one month.
with account_activities as (
    select * from {{ ref('int_costs__account_activities') }}
),

owners as (
    {{ cumulative_owners() }}
)

select
    account_activities.account_durable_key,
    coalesce(owners.customer_durable_key, -2) as customer_durable_key,
    account_activities.month_end_date,
    account_activities.as_of_date,
    account_activities.channel_key,
    account_activities.activity_code,
    cast(account_activities.event_count * coalesce(owners.weight, 1) as decimal(20, 8)) as event_count,
    cast(account_activities.used_minutes * coalesce(owners.weight, 1) as decimal(20, 8)) as used_minutes,
    {{ owner_part('account_activities.cost_amount', 'owners') }} as cost_amount
from account_activities
left join owners
    on
        account_activities.account_durable_key = owners.account_durable_key
        and {{ valid_on('owners', 'account_activities.as_of_date') }}
