-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('branch', 'account_balance') }}
),

renamed as (
    select
        -- ids
        account_id,
        -- numbers
        balance,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
