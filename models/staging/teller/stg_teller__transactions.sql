-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('teller', 'transaction') }}
),

renamed as (
    select
        -- ids
        transaction_id,
        account_id,
        branch_id,
        teller_id,
        reversal_of as reversal_of_transaction_id,
        -- text
        transaction_type_code,
        channel_code,
        debit_credit,
        currency_code,
        counterparty_account,
        -- numbers
        amount,
        fee_amount,
        -- dates
        posting_date as value_date,
        posted_at as booked_at,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
