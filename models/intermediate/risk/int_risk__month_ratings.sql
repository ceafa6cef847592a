{{ config(materialized='incremental') }}

-- What the risk department knew of an exposure at the end of a month. Probability and loss come from
-- the nearest rating (the exposure's own, else the customer's latest, the worse of two of a day);
-- class and flags only ever worsen, so the worst of all ratings counts.
-- Grain: one rated loan or credit card in one month.
with positions as (
    select
        account_durable_key,
        customer_durable_key,
        asset_kind,
        month_end_date,
        as_of_date
    from {{ ref('int_risk__positions') }}
    where month_end_date >= {{ refresh_from_month() }}
),

ratings as (
    select * from {{ ref('int_risk__ratings') }}
),

own_ratings as (
    select
        positions.asset_kind,
        positions.month_end_date,
        positions.as_of_date,
        'EXPOSURE_RATING' as rating_source_code,
        ratings.* replace (positions.account_durable_key as account_durable_key)
    from positions
    inner join ratings
        on
            positions.account_durable_key = ratings.account_durable_key
            and {{ valid_on('ratings', 'positions.as_of_date') }}
),

customer_ratings as (
    select
        positions.asset_kind,
        positions.month_end_date,
        positions.as_of_date,
        'CUSTOMER_RATING' as rating_source_code,
        ratings.* replace (positions.account_durable_key as account_durable_key)
    from positions
    inner join ratings
        on
            positions.customer_durable_key = ratings.customer_durable_key
            and {{ valid_on('ratings', 'positions.as_of_date') }}
),

all_ratings as (
    select * from own_ratings
    union all
    select * from customer_ratings
),

ranked_ratings as (
    select
        all_ratings.*,
        grades.ordinal as grade_ordinal,
        row_number() over (
            partition by all_ratings.account_durable_key, all_ratings.month_end_date
            order by
                case all_ratings.rating_source_code when 'EXPOSURE_RATING' then 0 else 1 end asc,
                all_ratings.valid_from desc,
                all_ratings.probability_of_default desc,
                all_ratings.rated_subject_key asc
        ) as nearness
    from all_ratings
    left join {{ ref('risk_grade') }} as grades
        on
            all_ratings.asset_kind = grades.asset_kind
            and all_ratings.risk_grade_code = grades.risk_grade_code
            and {{ valid_on('grades', 'all_ratings.as_of_date') }}
)

select
    account_durable_key,
    month_end_date,
    max(rating_code) filter (where nearness = 1) as rating_code,
    max(rating_source_code) filter (where nearness = 1) as default_source_code,
    max(probability_of_default) filter (where nearness = 1) as probability_of_default,
    max(notches_lost) filter (where nearness = 1) as notches_lost,
    arg_min(rating_source_code, nearness) filter (where loss_given_default is not null) as loss_source_code,
    arg_min(loss_given_default, nearness) filter (where loss_given_default is not null) as loss_given_default,
    max(grade_ordinal) as delivered_ordinal,
    bool_or(is_restructured) as is_restructured,
    bool_or(is_impaired) as is_impaired
from ranked_ratings
group by account_durable_key, month_end_date
