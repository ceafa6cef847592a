-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('branch', 'product') }}
),

renamed as (
    select
        -- ids
        product_id,
        -- text
        product_name,
        product_family,
        product_line,
        pillar,
        day_basis,
        ftp_method,
        ftp_profile_code,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
