-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('branch', 'account') }}
),

renamed as (
    select
        -- ids
        account_id,
        product_id,
        branch_id,
        -- text
        currency_code,
        rate_type,
        status,
        -- numbers
        term_days,
        interest_rate,
        -- dates
        opened_date,
        closed_date,
        maturity_date,
        repricing_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
