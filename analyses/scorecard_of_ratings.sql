-- Does the rating tell good borrowers from bad ones, and has its distribution drifted
-- How to read: a weight of evidence that falls from the best rating to the worst ranks borrowers well; it is
-- empty where a rating has no bad borrower yet. The information values of all ratings add up to that of the
-- score: below 0.02 it tells nothing, 0.1 to 0.3 is usual. A stability index of 0.25 or more means that the
-- ratings of the last month are no longer those the score was built on.
with last_drifts as (
    select
        month_end_date,
        stability_index,
        is_drifted
    from marts.mart_rating_drift
    qualify row_number() over (order by month_end_date desc) = 1
)

select
    bands.month_end_date as observed_at,
    bands.band_code as rating,
    bands.good_count,
    bands.bad_count,
    round(bands.weight_of_evidence, 4) as weight_of_evidence,
    round(bands.information_value, 4) as information_value,
    round(sum(bands.information_value) over (), 4) as information_value_of_score,
    last_drifts.month_end_date as drift_month_end,
    round(last_drifts.stability_index, 4) as stability_index,
    last_drifts.is_drifted
from marts.mart_scorecard_band as bands
left join last_drifts on bands.month_end_date <= last_drifts.month_end_date
where bands.characteristic_code = 'RATING'
order by rating
