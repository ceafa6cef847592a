-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('branch', 'declared_turnover') }}
),

renamed as (
    select
        -- ids
        customer_id,
        -- text
        currency_code,
        -- numbers
        turnover_amount,
        -- dates
        fiscal_year_end_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
