-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('loan', 'customer') }}
),

renamed as (
    select
        -- ids
        customer_id,
        -- text
        customer_type,
        full_name,
        full_name_token,
        full_name_match,
        full_name_family,
        document_type,
        document_number_token,
        document_number_match,
        birth_date_token,
        gender,
        phone_token,
        phone_match,
        address_token,
        address_match,
        city,
        -- dates
        birth_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
