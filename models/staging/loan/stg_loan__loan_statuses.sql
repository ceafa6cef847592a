-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('loan', 'loan_status') }}
),

renamed as (
    select
        -- ids
        loan_id,
        -- numbers
        principal_balance,
        overdue_principal as overdue_principal_amount,
        overdue_interest as overdue_interest_amount,
        days_past_due,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
