-- Rendered from pipelines/contracts by `make contracts`; edit the contract, not this file.
with source as (
    {{ source_rows('risk', 'rating') }}
),

renamed as (
    select
        -- ids
        subject_id,
        -- text
        source_system,
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
