-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('contact', 'complaint') }}
),

renamed as (
    select
        -- ids
        complaint_id,
        customer_id,
        manager_id,
        branch_id,
        -- text
        channel_code,
        complaint_type,
        -- booleans
        has_opinion,
        has_wish,
        has_options,
        has_recommendation,
        -- dates
        received_date,
        acknowledged_date,
        answered_date,
        reported_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
