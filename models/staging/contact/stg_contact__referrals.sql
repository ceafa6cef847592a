-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('contact', 'referral') }}
),

renamed as (
    select
        -- ids
        referral_id,
        referrer_customer_id,
        referred_customer_id,
        manager_id,
        -- dates
        referral_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
