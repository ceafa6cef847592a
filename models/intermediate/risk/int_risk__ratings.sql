-- Ratings of customers and of single loans and cards; a rating holds from the night that delivered
-- it until the next one of the same subject (half-open).
-- One row per rated customer or exposure and delivered rating.
with ratings as (
    select
        * exclude (source_system),
        lower(source_system) as source_system
    from {{ ref('stg_risk__ratings') }}
),

rating_scale as (
    select * from {{ ref('rating_scale') }}
),

customer_references as (
    select * from {{ ref('int_customers__references') }}
),

graded_ratings as (
    select
        ratings.*,
        -- joined by this alone: a condition on one side of a left join would compare every pair of rows
        case when ratings.subject_type = 'CUSTOMER' then ratings.subject_id end as customer_id,
        rating_scale.ordinal as rating_ordinal
    from ratings
    left join rating_scale
        on
            ratings.rating_code = rating_scale.rating_code
            and {{ valid_on('rating_scale', 'ratings.business_date') }}
)

select
    {{ surrogate_key("graded_ratings.source_system", "graded_ratings.subject_type", "graded_ratings.subject_id") }} as rated_subject_key,
    case
        when graded_ratings.subject_type = 'EXPOSURE'
            then {{ surrogate_key("graded_ratings.source_system", "graded_ratings.subject_id") }}
    end as account_durable_key,
    customer_references.customer_durable_key,
    graded_ratings.rating_code,
    graded_ratings.rating_ordinal,
    graded_ratings.rating_ordinal - first_value(graded_ratings.rating_ordinal) over (
        partition by graded_ratings.source_system, graded_ratings.subject_type, graded_ratings.subject_id
        order by graded_ratings.business_date
    ) as notches_lost,
    graded_ratings.probability_of_default,
    graded_ratings.loss_given_default,
    graded_ratings.risk_grade_code,
    coalesce(graded_ratings.is_restructured, false) as is_restructured,
    coalesce(graded_ratings.is_impaired, false) as is_impaired,
    graded_ratings.business_date as valid_from,
    lead(graded_ratings.business_date, 1, cast('9999-12-31' as date)) over (
        partition by graded_ratings.source_system, graded_ratings.subject_type, graded_ratings.subject_id
        order by graded_ratings.business_date
    ) as valid_to
from graded_ratings
left join customer_references
    on
        graded_ratings.source_system = customer_references.source_system
        and graded_ratings.customer_id = customer_references.source_customer_id
