-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('contact', 'campaign') }}
),

renamed as (
    select
        -- ids
        campaign_id,
        branch_id,
        product_id,
        -- text
        campaign_name,
        campaign_type,
        status,
        -- numbers
        plan_year,
        planned_cost as planned_cost_amount,
        -- dates
        start_date,
        end_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
