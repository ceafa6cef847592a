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
    qualify row_number() over (partition by campaign_id order by business_date desc) = 1
)

select * from renamed
