-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('finance', 'cost_pool') }}
),

renamed as (
    select
        -- text
        cost_pool_code,
        -- numbers
        cost_amount,
        practical_minutes,
        -- dates
        month_end_date,
        -- lineage
        business_date,
        load_id
    from source
    qualify row_number() over (
        partition by cost_pool_code, month_end_date
        order by business_date desc
    ) = 1
)

select * from renamed
