{{ config(
    materialized='incremental',
    incremental_strategy='rebuild_from',
    incremental_predicates=['transaction_date >= REFRESH_FROM_MONTH'],
) }}

-- Grain: one posted entry of the teller or the card system. Amounts are additive.
-- Rebuilt by whole months, because the cost of an entry is known when its month's pools are.
with entries as (
    select
        *,
        {{ signed_amount() }} as signed_amount
    from {{ ref('int_transactions__entries') }}
    {% if is_incremental() %}
        where posting_date >= {{ refresh_from_month() }}
    {% endif %}
),

reversals as (
    select * from {{ ref('int_transactions__reversals') }}
),

accounts as (
    select * from {{ ref('dim_account') }}
),

lead_owners as (
    select * from {{ ref('int_accounts__lead_owners') }}
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

channels as (
    select * from {{ ref('dim_channel') }}
),

transaction_types as (
    select * from {{ ref('dim_transaction_type') }}
),

activity_of_entry as (
    select * from {{ ref('activity_of_entry') }}
),

activity_rates as (
    select * from {{ ref('int_costs__activity_rates') }}
),

activities as (
    select * from {{ ref('dim_activity') }}
),

currencies as (
    select * from {{ ref('dim_currency') }}
),

owned_entries as (
    select
        entries.*,
        accounts.account_key,
        accounts.product_id,
        coalesce(entries.branch_id, accounts.branch_id) as posting_branch_id,
        coalesce(lead_owners.customer_durable_key, -2) as customer_durable_key
    from entries
    inner join accounts
        on
            entries.account_durable_key = accounts.account_durable_key
            and {{ valid_on('accounts', 'entries.posting_date') }}
    left join lead_owners
        on
            entries.account_durable_key = lead_owners.account_durable_key
            and {{ valid_on('lead_owners', 'entries.posting_date') }}
),

keyed_entries as (
    select
        owned_entries.*,
        customers.customer_key,
        coalesce(products.product_key, -2) as product_key,
        {{ member_key('branches.branch_key', 'owned_entries.posting_branch_id') }} as branch_key,
        case
            when owned_entries.teller_id is null and owned_entries.channel_code <> 'COUNTER' then -3
            else {{ member_key('tellers.teller_key', 'owned_entries.teller_id') }}
        end as teller_key,
        {{ member_key('channels.channel_key', 'owned_entries.channel_code') }} as channel_key,
        coalesce(transaction_types.transaction_type_key, -2) as transaction_type_key,
        coalesce(transaction_types.is_fee, false) as is_fee,
        coalesce(currencies.currency_key, -2) as currency_key,
        coalesce(of_group.activity_code, of_channel.activity_code) as activity_code
    from owned_entries
    inner join customers
        on
            owned_entries.customer_durable_key = customers.customer_durable_key
            and {{ valid_on('customers', 'owned_entries.posting_date') }}
    left join products
        on
            owned_entries.product_id = products.product_id
            and {{ valid_on('products', 'owned_entries.posting_date') }}
    left join branches
        on
            owned_entries.posting_branch_id = branches.branch_id
            and {{ valid_on('branches', 'owned_entries.posting_date') }}
    left join tellers on owned_entries.teller_id = tellers.teller_id
    left join channels on owned_entries.channel_code = channels.channel_code
    left join transaction_types
        on owned_entries.transaction_type_code = transaction_types.transaction_type_code
    left join currencies on owned_entries.currency_code = currencies.currency_code
    left join activity_of_entry as of_group
        on
            owned_entries.channel_code = of_group.channel_code
            and transaction_types.transaction_group = of_group.transaction_group
    left join activity_of_entry as of_channel
        on
            owned_entries.channel_code = of_channel.channel_code
            and of_channel.transaction_group = '*'
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
            and last_day(keyed_entries.posting_date) = activity_rates.month_end_date
)

select
    priced_entries.transaction_key,
    priced_entries.posting_date as transaction_date,
    coalesce(
        cast(extract('hour' from priced_entries.posted_at) * 60 + extract('minute' from priced_entries.posted_at) as integer),
        -1
    ) as time_of_day_key,
    priced_entries.account_key,
    priced_entries.account_durable_key,
    priced_entries.customer_key,
    priced_entries.customer_durable_key,
    priced_entries.product_key,
    priced_entries.branch_key,
    priced_entries.teller_key,
    priced_entries.channel_key,
    priced_entries.transaction_type_key,
    case
        when priced_entries.activity_code is not null then coalesce(activities.activity_key, -2)
        when priced_entries.channel_code is null then -1
        else -3
    end as activity_key,
    priced_entries.currency_key,
    priced_entries.source_system,
    priced_entries.transaction_id,
    priced_entries.account_id,
    priced_entries.reversal_of_transaction_id,
    priced_entries.counterparty_account,
    priced_entries.debit_credit,
    priced_entries.reversal_of_transaction_id is not null as is_reversal,
    coalesce(reversals.is_reversed, false) as is_reversed,
    priced_entries.posted_at,
    cast(priced_entries.posted_at as date) as posted_date,
    priced_entries.amount,
    priced_entries.signed_amount,
    priced_entries.fee_amount,
    {{ fee_income('priced_entries', 'coalesce(reversals.is_fee, priced_entries.is_fee)') }} as fee_income_amount,
    cast(
        coalesce(
            case priced_entries.debit_credit when 'C' then 1 else -1 end * reversals.net_signed_amount,
            priced_entries.amount
        ) as decimal(18, 2)
    ) as net_amount,
    coalesce(reversals.net_signed_amount, priced_entries.signed_amount) as net_signed_amount,
    coalesce(
        reversals.net_fee_income_amount, {{ fee_income('priced_entries', 'priced_entries.is_fee') }}
    ) as net_fee_income_amount,
    cast(
        priced_entries.reversal_of_transaction_id is null and not coalesce(reversals.is_reversed, false)
        as integer
    ) as business_entry_count,
    priced_entries.standard_minutes,
    cast(
        {{ unit_costs('priced_entries', 'priced_entries.occurrence') }}
        - {{ unit_costs('priced_entries', '(priced_entries.occurrence - 1)') }}
        as decimal(18, 2)
    ) as cost_amount,
    priced_entries.business_date,
    priced_entries.load_id
from priced_entries
left join reversals
    on
        priced_entries.source_system = reversals.source_system
        and priced_entries.transaction_id = reversals.transaction_id
left join activities on priced_entries.activity_code = activities.activity_code
