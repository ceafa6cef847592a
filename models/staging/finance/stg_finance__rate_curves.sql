-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('finance', 'rate_curve') }}
),

renamed as (
    select
        -- text
        curve_code,
        currency_code,
        tenor_code,
        -- numbers
        rate,
        -- dates
        curve_date,
        -- lineage
        business_date,
        load_id
    from source
    qualify row_number() over (
        partition by curve_code, currency_code, curve_date, tenor_code
        order by business_date desc
    ) = 1
)

select * from renamed
