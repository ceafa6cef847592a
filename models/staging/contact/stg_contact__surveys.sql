-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('contact', 'survey') }}
),

renamed as (
    select
        -- ids
        survey_id,
        customer_id,
        manager_id,
        -- text
        channel_code,
        -- numbers
        satisfaction_score,
        -- dates
        survey_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
