{{ config(materialized='incremental', meta={'rebuild_column': 'value_date'}) }}

-- Grain: one posted entry of the teller or the card system. Amounts are additive.
-- Rebuilt by whole months, because the cost of an entry is known when its month's pools are.
with entries as (
    select * from {{ ref('int_transactions__owned_entries') }}
    where value_date >= {{ refresh_from_month() }}
),

customers as (
    select * from {{ ref('dim_customer') }}
),

products as (
    select * from {{ ref('dim_product') }}
),

branches as (
    select * from {{ ref('dim_branch') }}
),

tellers as (
    select * from {{ ref('dim_teller') }}
),

activity_rates as (
    select * from {{ ref('int_costs__activity_rates') }}
),

activities as (
    select * from {{ ref('dim_activity') }}
),

keyed_entries as (
    select
        entries.*,
        customers.customer_key,
        coalesce(products.product_key, -2) as product_key,
        {{ member_key('branches.branch_key', 'entries.posting_branch_id') }} as branch_key,
        case
            when entries.teller_id is null and entries.channel_code <> 'COUNTER' then -3
            else {{ member_key('tellers.teller_key', 'entries.teller_id') }}
        end as teller_key,
        case
            when entries.activity_code is not null then coalesce(activities.activity_key, -2)
            when entries.channel_code is null then -1
            else -3
        end as activity_key
    from entries
    inner join customers
        on
            entries.customer_durable_key = customers.customer_durable_key
            and {{ valid_on('customers', 'entries.value_date') }}
    left join products
        on
            entries.product_id = products.product_id
            and {{ valid_on('products', 'entries.value_date') }}
    left join branches
        on
            entries.posting_branch_id = branches.branch_id
            and {{ valid_on('branches', 'entries.value_date') }}
    left join tellers on entries.teller_id = tellers.teller_id
    left join activities on entries.activity_code = activities.activity_code
),

-- Entries of one account that cause one activity in one channel and month are priced together,
-- rounded once; each gets the rounded cost up to it less the rounded cost before it.
priced_entries as (
    select
        keyed_entries.*,
        activity_rates.standard_minutes,
        activity_rates.unit_cost_units,
        activity_rates.practical_units,
        row_number() over (
            partition by
                keyed_entries.account_durable_key, keyed_entries.channel_key,
                keyed_entries.activity_code, activity_rates.month_end_date
            order by keyed_entries.transaction_key
        ) as occurrence
    from keyed_entries
    left join activity_rates
        on
            keyed_entries.activity_code = activity_rates.activity_code
            and last_day(keyed_entries.value_date) = activity_rates.month_end_date
)

select
    transaction_key,
    value_date,
    coalesce(
        cast(extract('hour' from booked_at) * 60 + extract('minute' from booked_at) as integer),
        -1
    ) as time_of_day_key,
    account_key,
    account_durable_key,
    customer_key,
    customer_durable_key,
    product_key,
    branch_key,
    teller_key,
    channel_key,
    transaction_type_key,
    activity_key,
    currency_key,
    source_system,
    transaction_id,
    account_id,
    reversal_of_transaction_id,
    counterparty_account,
    debit_credit,
    is_reversal,
    is_reversed,
    booked_at,
    cast(booked_at as date) as booking_date,
    amount,
    signed_amount,
    fee_amount,
    fee_income_amount,
    net_amount,
    net_signed_amount,
    net_fee_income_amount,
    cast(reversal_of_transaction_id is null and not is_reversed as integer) as business_entry_count,
    standard_minutes,
    cast(
        {{ unit_costs('priced_entries', 'occurrence') }}
        - {{ unit_costs('priced_entries', '(occurrence - 1)') }}
        as decimal(18, 2)
    ) as cost_amount,
    business_date,
    load_id
from priced_entries
