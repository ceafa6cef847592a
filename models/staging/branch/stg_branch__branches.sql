-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('branch', 'branch') }}
),

renamed as (
    select
        -- ids
        branch_id,
        parent_branch_id,
        successor_branch_id,
        -- text
        branch_name,
        branch_level,
        city,
        -- dates
        opened_date,
        closed_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
