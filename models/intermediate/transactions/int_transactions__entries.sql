{{ config(materialized='ephemeral') }}

-- Entries of the teller and the card system in one shape. One row per posted entry.
with teller_entries as (
    select
        'branch' as account_system,
        'teller' as source_system,
        transaction_id,
        account_id,
        value_date,
        booked_at,
        transaction_type_code,
        channel_code,
        branch_id,
        teller_id,
        debit_credit,
        amount,
        fee_amount,
        currency_code,
        reversal_of_transaction_id,
        counterparty_account,
        business_date,
        load_id
    from {{ ref('stg_teller__transactions') }}
),

card_entries as (
    select
        'card' as account_system,
        'card' as source_system,
        card_transaction_id as transaction_id,
        card_id as account_id,
        value_date,
        booked_at,
        transaction_type_code,
        channel_code,
        cast(null as varchar) as branch_id,
        cast(null as varchar) as teller_id,
        debit_credit,
        amount,
        fee_amount,
        currency_code,
        reversal_of_transaction_id,
        cast(null as varchar) as counterparty_account,
        business_date,
        load_id
    from {{ ref('stg_card__card_transactions') }}
),

all_entries as (
    select * from teller_entries
    union all
    select * from card_entries
)

select
    {{ surrogate_key("source_system", "transaction_id") }} as transaction_key,
    {{ surrogate_key("account_system", "account_id") }} as account_durable_key,
    *
from all_entries
