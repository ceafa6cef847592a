-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('card', 'card_balance') }}
),

renamed as (
    select
        -- ids
        card_id,
        -- numbers
        balance,
        overdue_amount,
        days_past_due,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
