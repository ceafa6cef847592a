-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('finance', 'gl_balance') }}
),

renamed as (
    select
        -- ids
        branch_id,
        -- text
        gl_account_code,
        currency_code,
        -- numbers
        balance as balance_amount,
        -- dates
        month_end_date,
        -- lineage
        business_date,
        load_id
    from source
    qualify row_number() over (
        partition by branch_id, gl_account_code, currency_code, month_end_date
        order by business_date desc
    ) = 1
)

select * from renamed
