-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('loan', 'loan') }}
),

renamed as (
    select
        -- ids
        loan_id,
        customer_id,
        product_id,
        branch_id,
        repayment_account_id,
        -- text
        currency_code,
        rate_type,
        status,
        -- numbers
        principal_amount,
        interest_rate,
        term_days,
        -- dates
        origination_date,
        maturity_date,
        repricing_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
