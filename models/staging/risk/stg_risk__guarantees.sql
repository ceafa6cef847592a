-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('risk', 'guarantee') }}
),

renamed as (
    select
        -- ids
        guarantee_id,
        loan_id,
        -- text
        guarantor_type,
        status,
        -- numbers
        guaranteed_amount,
        -- dates
        expiry_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
