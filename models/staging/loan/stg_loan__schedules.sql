-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('loan', 'schedule') }}
),

renamed as (
    select
        -- ids
        loan_id,
        -- numbers
        instalment_number,
        principal_due as principal_due_amount,
        interest_due as interest_due_amount,
        -- dates
        due_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
