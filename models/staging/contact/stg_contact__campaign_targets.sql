-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('contact', 'campaign_target') }}
),

renamed as (
    select
        -- ids
        campaign_id,
        customer_id,
        manager_id,
        product_id as bought_product_id,
        -- text
        response as response_code,
        -- dates
        targeted_date,
        response_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
