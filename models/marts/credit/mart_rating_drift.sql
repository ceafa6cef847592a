-- Whether the ratings of a month are still distributed as in the first month that had any: population
-- stability index, the sum over ratings of (actual - expected) x ln(actual / expected), alert from
-- DRIFT_ALERT. A rating that one of the two months lacks counts as half an exposure there.
-- Grain: one month with ratings.
with rated_months as (
    select
        month_end_date,
        rating_code,
        count(*) as exposure_count
    from {{ ref('int_risk__month_ratings') }}
    group by month_end_date, rating_code
),

rules as (
    select * from {{ ref('int_risk__rules') }}
),

months as (
    select
        month_end_date,
        sum(exposure_count) as rated_count,
        min(month_end_date) over () as base_month_end_date
    from rated_months
    group by month_end_date
),

ratings as (
    select distinct rating_code from rated_months
),

bands as (
    select
        months.month_end_date,
        months.base_month_end_date,
        months.rated_count,
        base_months.rated_count as base_count,
        ratings.rating_code
    from months
    inner join months as base_months on months.base_month_end_date = base_months.month_end_date
    cross join ratings
),

shares as (
    select
        bands.month_end_date,
        bands.base_month_end_date,
        bands.rated_count,
        coalesce(actual.exposure_count, 0.5) / cast(bands.rated_count as double) as actual_share,
        coalesce(expected.exposure_count, 0.5) / cast(bands.base_count as double) as expected_share
    from bands
    left join rated_months as actual
        on
            bands.month_end_date = actual.month_end_date
            and bands.rating_code = actual.rating_code
    left join rated_months as expected
        on
            bands.base_month_end_date = expected.month_end_date
            and bands.rating_code = expected.rating_code
    where actual.exposure_count is not null or expected.exposure_count is not null
),

terms as (
    select
        month_end_date,
        base_month_end_date,
        rated_count,
        cast(round({{ stability_term('actual_share', 'expected_share') }}, 8) as decimal(12, 8)) as term
    from shares
),

drifts as (
    select
        month_end_date,
        base_month_end_date,
        cast(max(rated_count) as bigint) as rated_count,
        cast(sum(term) as decimal(12, 8)) as stability_index
    from terms
    group by month_end_date, base_month_end_date
)

select
    drifts.month_end_date,
    drifts.base_month_end_date,
    drifts.stability_index >= rules.drift_alert as is_drifted,
    drifts.rated_count,
    drifts.stability_index
from drifts
inner join rules on drifts.month_end_date = rules.month_end_date
