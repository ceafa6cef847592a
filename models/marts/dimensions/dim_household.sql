-- Grain: one household of persons or one group of companies, as it is today.
{%- set columns = [
    'household_key', 'head_customer_durable_key', 'household_name', 'household_kind', 'city',
    'member_count', 'is_current',
] %}

with household_members as (
    select * from {{ ref('int_households__members') }}
),

customers as (
    select * from {{ ref('dim_customer') }}
    where is_current
),

households as (
    select
        household_key,
        household_kind,
        max(household_name) as household_name,
        max(head_durable_key) as head_customer_durable_key,
        cast(count(case when valid_to = cast('9999-12-31' as date) then 1 end) as integer) as member_count,
        max(valid_to) = cast('9999-12-31' as date) as is_current
    from household_members
    group by household_key, household_kind
),

described_households as (
    select
        households.household_key,
        households.head_customer_durable_key,
        coalesce(households.household_name, 'Group of ' || customers.full_name) as household_name,
        households.household_kind,
        customers.city,
        households.member_count,
        households.is_current
    from households
    inner join customers
        on households.head_customer_durable_key = customers.customer_durable_key
)

{{ with_special_members(
    'described_households', columns,
    keys=['household_key', 'head_customer_durable_key'], names=['household_name'],
    values={'member_count': '0', 'is_current': 'true'}
) }}
