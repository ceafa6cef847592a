-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('branch', 'wealth_statement') }}
),

renamed as (
    select
        -- ids
        customer_id,
        -- numbers
        annual_income_amount,
        external_asset_amount,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
