{{ config(
    materialized='incremental',
    incremental_strategy='rebuild_from',
    incremental_predicates=['transaction_date >= REFRESH_FROM'],
) }}

-- Grain: one posted entry of the teller or the card system. Amounts are additive.
with entries as (
    select * from {{ ref('int_transactions__entries') }}
    {% if is_incremental() %}
        where posting_date >= {{ refresh_from() }}
    {% endif %}
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
)

select
    owned_entries.transaction_key,
    owned_entries.posting_date as transaction_date,
    owned_entries.account_key,
    owned_entries.account_durable_key,
    customers.customer_key,
    owned_entries.customer_durable_key,
    coalesce(products.product_key, -2) as product_key,
    {{ member_key('branches.branch_key', 'owned_entries.posting_branch_id') }} as branch_key,
    case
        when owned_entries.teller_id is null and owned_entries.channel_code <> 'COUNTER' then -3
        else {{ member_key('tellers.teller_key', 'owned_entries.teller_id') }}
    end as teller_key,
    {{ member_key('channels.channel_key', 'owned_entries.channel_code') }} as channel_key,
    coalesce(transaction_types.transaction_type_key, -2) as transaction_type_key,
    coalesce(currencies.currency_key, -2) as currency_key,
    owned_entries.source_system,
    owned_entries.transaction_id,
    owned_entries.account_id,
    owned_entries.reversal_of_transaction_id,
    owned_entries.debit_credit,
    owned_entries.reversal_of_transaction_id is not null as is_reversal,
    owned_entries.posted_at,
    owned_entries.amount,
    cast(case owned_entries.debit_credit when 'C' then 1 else -1 end * owned_entries.amount as decimal(18, 2)) as signed_amount,
    owned_entries.fee_amount,
    cast(
        owned_entries.fee_amount
        + case
            when not coalesce(transaction_types.is_fee, false) then 0
            when owned_entries.debit_credit = 'D' then owned_entries.amount
            else -owned_entries.amount
        end
        as decimal(18, 2)
    ) as fee_income_amount,
    owned_entries.business_date,
    owned_entries.load_id
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
