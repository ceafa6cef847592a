-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('risk', 'collateral') }}
),

renamed as (
    select
        -- ids
        collateral_id,
        loan_id,
        -- text
        collateral_type,
        status,
        -- numbers
        value_amount,
        -- dates
        appraisal_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
