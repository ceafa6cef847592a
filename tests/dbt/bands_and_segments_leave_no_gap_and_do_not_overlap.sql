-- On the first day of every band, the bands of its kind lie end to end in the order of their ordinals; and
-- each of the 25 pairs of scores belongs to exactly one segment.
with starts as (
    select distinct
        band_kind,
        valid_from as first_day
    from {{ ref('value_band') }}
),

neighbours as (
    select
        starts.band_kind,
        bands.band_code,
        bands.range_from,
        bands.range_to,
        lead(bands.range_from) over (partition by starts.band_kind, starts.first_day order by bands.ordinal) as next_from
    from starts
    inner join {{ ref('value_band') }} as bands
        on
            starts.band_kind = bands.band_kind
            and {{ valid_on('bands', 'starts.first_day') }}
),

scores as (
    select unnest(generate_series(1, 5)) as score
),

cells as (
    select
        recency.score as recency_score,
        customer_value.score as value_score,
        count(segments.segment_code) as segment_count
    from scores as recency
    cross join scores as customer_value
    left join {{ ref('rfm_segment') }} as segments
        on
            recency.score >= segments.recency_from
            and recency.score < segments.recency_to
            and customer_value.score >= segments.value_from
            and customer_value.score < segments.value_to
            and segments.valid_to = cast('9999-12-31' as date)
    group by recency.score, customer_value.score
)

select
    band_kind,
    band_code
from neighbours
where range_from >= range_to or next_from <> range_to
union all
select
    'RFM' as band_kind,
    recency_score || '/' || value_score as band_code
from cells
where segment_count <> 1
