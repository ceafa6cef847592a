-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('card', 'card') }}
),

renamed as (
    select
        -- ids
        card_id,
        customer_id,
        product_id,
        branch_id,
        settlement_account_id,
        -- text
        card_type,
        currency_code,
        status,
        -- numbers
        credit_limit,
        interest_rate,
        -- dates
        issued_date,
        expiry_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
