-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('branch', 'manager_assignment') }}
),

renamed as (
    select
        -- ids
        customer_id,
        manager_id,
        -- numbers
        share as weight,
        -- dates
        valid_from,
        valid_to,
        -- lineage
        business_date,
        load_id
    from source
    qualify row_number() over (
        partition by customer_id, manager_id, valid_from
        order by business_date desc
    ) = 1
)

select * from renamed
