-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('teller', 'teller') }}
),

renamed as (
    select
        -- ids
        teller_id,
        branch_id,
        -- text
        teller_name,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
