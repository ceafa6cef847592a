-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('card', 'card_transaction') }}
),

renamed as (
    select
        -- ids
        card_transaction_id,
        card_id,
        reversal_of as reversal_of_transaction_id,
        -- text
        transaction_type_code,
        channel_code,
        merchant_category,
        debit_credit,
        currency_code,
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
