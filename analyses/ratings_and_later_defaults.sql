-- How ratings went with later defaults, and whether their distribution has drifted
-- How to read: a weight of evidence that falls from the best rating to the worst ranks borrowers well; it is
-- empty where a rating has no bad borrower yet. The information values of the ratings add up to that of
-- ratings as a whole; without any connection they add up to about (ratings - 1) x (1 / goods + 1 / bads) by chance, and a
-- sum below that means nothing. A stability index of 0.25 or more is the alert of a fixed rule; two samples of
-- one distribution give about (ratings - 1) x (1 / first + 1 / last) by chance.
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
    round(sum(bands.information_value) over (), 4) as information_value_of_ratings,
    last_drifts.month_end_date as drift_month_end,
    round(last_drifts.stability_index, 4) as stability_index,
    last_drifts.is_drifted
from marts.mart_characteristic_band as bands
left join last_drifts on bands.month_end_date <= last_drifts.month_end_date
where bands.characteristic_code = 'RATING'
order by rating
