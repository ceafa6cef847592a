with source as (
    {{ source_rows('risk', 'rating') }}
),

renamed as (
    select
        -- ids
        lower(source_system) as source_system,
        subject_id,
        -- text
        subject_type,
        rating_code,
        risk_grade_code,
        -- numbers
        probability_of_default,
        loss_given_default,
        -- booleans
        is_restructured,
        is_impaired,
        -- lineage
        business_date,
        load_id
    from source
)

select * from renamed
