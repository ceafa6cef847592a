-- How well a characteristic tells good borrowers from bad ones, on the exposures of the first month
-- that had any: bad is what was non-performing in any later month, good all others; who was
-- non-performing at the start is left out. Weight of evidence is ln(share of goods / share of bads),
-- and (goods - bads) x weight of evidence adds up to the information value of the characteristic. A
-- band without goods or without bads has no weight.
-- Grain: one band of one characteristic.
with classes as (
    select * from {{ ref('int_risk__classes') }}
),

month_ratings as (
    select * from {{ ref('int_risk__month_ratings') }}
),

first_months as (
    select min(month_end_date) as observation_month_end_date
    from classes
    where balance > 0
),

outcomes as (
    select
        classes.account_durable_key,
        bool_or(classes.is_non_performing) as is_bad
    from classes
    cross join first_months
    where classes.month_end_date > first_months.observation_month_end_date
    group by classes.account_durable_key
),

observed_exposures as (
    select
        classes.account_durable_key,
        classes.month_end_date,
        classes.asset_kind,
        classes.overdue_bucket_code,
        coalesce(month_ratings.rating_code, 'UNRATED') as rating_code,
        outcomes.is_bad
    from classes
    inner join first_months on classes.month_end_date = first_months.observation_month_end_date
    inner join outcomes on classes.account_durable_key = outcomes.account_durable_key
    left join month_ratings
        on
            classes.account_durable_key = month_ratings.account_durable_key
            and classes.month_end_date = month_ratings.month_end_date
    where classes.balance > 0 and not classes.is_non_performing
),

characteristics as (
    select
        month_end_date,
        'OVERDUE_BUCKET' as characteristic_code,
        overdue_bucket_code as band_code,
        is_bad
    from observed_exposures
    union all
    select
        month_end_date,
        'RATING' as characteristic_code,
        rating_code as band_code,
        is_bad
    from observed_exposures
    union all
    select
        month_end_date,
        'ASSET_KIND' as characteristic_code,
        asset_kind as band_code,
        is_bad
    from observed_exposures
),

bands as (
    select
        month_end_date,
        characteristic_code,
        band_code,
        count(*) filter (where not is_bad) as good_count,
        count(*) filter (where is_bad) as bad_count
    from characteristics
    group by month_end_date, characteristic_code, band_code
),

shares as (
    select
        *,
        good_count / cast(nullif(sum(good_count) over (partition by characteristic_code), 0) as double) as share_of_goods,
        bad_count / cast(nullif(sum(bad_count) over (partition by characteristic_code), 0) as double) as share_of_bads
    from bands
)

select
    {{ surrogate_key("month_end_date", "characteristic_code", "band_code") }} as characteristic_band_key,
    month_end_date,
    characteristic_code,
    band_code,
    good_count,
    bad_count,
    cast(round(share_of_goods, 8) as decimal(12, 8)) as share_of_goods,
    cast(round(share_of_bads, 8) as decimal(12, 8)) as share_of_bads,
    cast(round({{ weight_of_evidence('share_of_goods', 'share_of_bads') }}, 8) as decimal(12, 8)) as weight_of_evidence,
    cast(round({{ information_value_term('share_of_goods', 'share_of_bads') }}, 8) as decimal(12, 8))
        as information_value
from shares
