with source as (
    {{ source_rows('card', 'customer') }}
),

renamed as (
    select
        -- ids
        customer_id,
        -- text
        customer_type,
        full_name,
        document_type,
        document_number,
        gender,
        phone,
        address,
        city,
        -- dates
        birth_date,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
