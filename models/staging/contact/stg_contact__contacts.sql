-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('contact', 'contact') }}
),

renamed as (
    select
        -- ids
        contact_id,
        customer_id,
        manager_id,
        -- text
        contact_type as contact_type_code,
        channel_code,
        direction,
        outcome as outcome_code,
        -- numbers
        duration_minutes,
        -- dates
        contact_date,
        contact_at,
        report_date,
        -- lineage
        business_date,
        load_id
    from source
    qualify row_number() over (
        partition by contact_id
        order by business_date desc
    ) = 1
)

select * from renamed
