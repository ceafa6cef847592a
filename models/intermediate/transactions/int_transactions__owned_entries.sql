{{ config(materialized='incremental', meta={'rebuild_column': 'value_date'}) }}

-- Entries with the owner they are shown under, the activity they cause, and what reversals left of them.
-- Rebuilt by whole months, because the fact of entries is.
-- Grain: one posted entry of the teller or the card system.
with entries as (
    select
        *,
        {{ signed_amount() }} as signed_amount
    from {{ ref('int_transactions__entries') }}
    where value_date >= {{ refresh_from_month() }}
),

reversals as (
    select * from {{ ref('int_transactions__reversals') }}
),

accounts as (
    select * from {{ ref('int_accounts__members') }}
),

lead_owners as (
    select * from {{ ref('int_accounts__lead_owners') }}
),

channels as (
    {{ keyed_codes('channel') }}
),

transaction_types as (
    {{ keyed_codes('transaction_type') }}
),

currencies as (
    {{ keyed_codes('currency') }}
),

activity_of_entry as (
    select * from {{ ref('activity_of_entry') }}
),

described_entries as (
    select
        entries.*,
        accounts.account_key,
        accounts.product_id,
        coalesce(entries.branch_id, accounts.branch_id) as posting_branch_id,
        coalesce(lead_owners.customer_durable_key, -2) as customer_durable_key,
        {{ member_key('channels.channel_key', 'entries.channel_code') }} as channel_key,
        coalesce(transaction_types.transaction_type_key, -2) as transaction_type_key,
        coalesce(currencies.currency_key, -2) as currency_key,
        coalesce(transaction_types.is_fee, false) as is_fee,
        coalesce(transaction_types.is_customer_made, false) as is_customer_made,
        coalesce(channels.channel_group = 'Bank', false) as is_of_the_bank,
        coalesce(of_group.activity_code, of_channel.activity_code) as activity_code
    from entries
    inner join accounts
        on
            entries.account_durable_key = accounts.account_durable_key
            and {{ valid_on('accounts', 'entries.value_date') }}
    left join lead_owners
        on
            entries.account_durable_key = lead_owners.account_durable_key
            and {{ valid_on('lead_owners', 'entries.value_date') }}
    left join channels on entries.channel_code = channels.channel_code
    left join transaction_types on entries.transaction_type_code = transaction_types.transaction_type_code
    left join currencies on entries.currency_code = currencies.currency_code
    left join activity_of_entry as of_group
        on
            entries.channel_code = of_group.channel_code
            and transaction_types.transaction_group = of_group.transaction_group
    left join activity_of_entry as of_channel
        on
            entries.channel_code = of_channel.channel_code
            and of_channel.transaction_group = '*'
)

select
    described_entries.transaction_key,
    described_entries.value_date,
    described_entries.account_key,
    described_entries.account_durable_key,
    described_entries.customer_durable_key,
    described_entries.channel_key,
    described_entries.transaction_type_key,
    described_entries.currency_key,
    described_entries.source_system,
    described_entries.transaction_id,
    described_entries.account_id,
    described_entries.product_id,
    described_entries.posting_branch_id,
    described_entries.teller_id,
    described_entries.channel_code,
    described_entries.transaction_type_code,
    described_entries.activity_code,
    described_entries.reversal_of_transaction_id,
    reversals.first_transaction_id,
    described_entries.counterparty_account,
    described_entries.debit_credit,
    described_entries.is_customer_made,
    described_entries.is_of_the_bank,
    described_entries.reversal_of_transaction_id is not null as is_reversal,
    coalesce(reversals.is_reversed, false) as is_reversed,
    described_entries.booked_at,
    described_entries.amount,
    described_entries.signed_amount,
    described_entries.fee_amount,
    {{ fee_income('described_entries', 'coalesce(reversals.is_fee, described_entries.is_fee)') }} as fee_income_amount,
    cast(
        coalesce(
            case described_entries.debit_credit when 'C' then 1 else -1 end * reversals.net_signed_amount,
            described_entries.amount
        ) as decimal(18, 2)
    ) as net_amount,
    coalesce(reversals.net_signed_amount, described_entries.signed_amount) as net_signed_amount,
    coalesce(
        reversals.net_fee_income_amount, {{ fee_income('described_entries', 'described_entries.is_fee') }}
    ) as net_fee_income_amount,
    described_entries.business_date,
    described_entries.load_id
from described_entries
left join reversals
    on
        described_entries.source_system = reversals.source_system
        and described_entries.transaction_id = reversals.transaction_id
