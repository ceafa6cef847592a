-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('branch', 'customer_relationship') }}
),

renamed as (
    select
        -- ids
        customer_id,
        related_customer_id,
        -- text
        relationship_type,
        -- dates
        valid_from,
        valid_to,
        -- lineage
        business_date,
        load_id
    from source
    qualify row_number() over (
        partition by customer_id, relationship_type, related_customer_id, valid_from
        order by business_date desc
    ) = 1
)

select * from renamed
