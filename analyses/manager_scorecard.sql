-- Scorecard of the ten best managers, last complete month
-- How to read: actual against target gives the attainment, times the weight the points; points of all
-- measures are the score, without cap. Empty points are unknown and count for nothing: covered weight
-- says how much of the whole is known. A measure of weight 0 is shown and not scored.
with last_month as (
    select max(month_end_date) as month_end_date
    from marts.fct_manager_score
    where is_complete_month
)

select
    scores.rank_in_bank,
    managers.manager_id,
    managers.manager_name as manager,
    round(scores.score, 2) as score,
    scores.covered_weight,
    measures.measure_name as measure,
    round(kpis.numerator_value, 2) as actual,
    round(kpis.denominator_value, 2) as out_of,
    round(kpis.target_value, 2) as to_reach,
    round(100 * kpis.attainment_rate, 1) as attainment_percent,
    kpis.weight,
    round(kpis.score_contribution, 2) as points
from marts.fct_manager_kpi as kpis
inner join last_month on kpis.month_end_date = last_month.month_end_date
inner join marts.fct_manager_score as scores
    on
        kpis.manager_durable_key = scores.manager_durable_key
        and kpis.month_end_date = scores.month_end_date
inner join marts.dim_manager as managers on kpis.manager_key = managers.manager_key
inner join marts.dim_manager_measure as measures on kpis.manager_measure_key = measures.manager_measure_key
where scores.rank_in_bank <= 10
order by scores.rank_in_bank, measures.ordinal
