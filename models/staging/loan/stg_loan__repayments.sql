-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('loan', 'repayment') }}
),

renamed as (
    select
        -- ids
        repayment_id,
        loan_id,
        -- numbers
        instalment_number,
        principal_paid as principal_paid_amount,
        interest_paid as interest_paid_amount,
        -- dates
        paid_date,
        -- lineage
        business_date,
        load_id
    from source
    qualify row_number() over (
        partition by repayment_id
        order by business_date desc
    ) = 1
)

select * from renamed
