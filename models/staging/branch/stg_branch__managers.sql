-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('branch', 'manager') }}
),

renamed as (
    select
        -- ids
        manager_id,
        branch_id,
        -- text
        manager_name,
        manager_type,
        -- dates
        hired_date,
        left_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
