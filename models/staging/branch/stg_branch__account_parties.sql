-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('branch', 'account_party') }}
),

renamed as (
    select
        -- ids
        account_id,
        customer_id,
        -- text
        party_role,
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
        partition by account_id, customer_id, valid_from
        order by business_date desc
    ) = 1
)

select * from renamed
