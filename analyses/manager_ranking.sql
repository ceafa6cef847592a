-- Managers by score, last complete month
-- How to read: rank in the bank and in the own unit, among the scores of the largest covered weight;
-- equal scores share a rank. A manager without loans has nothing to attain there: the points are
-- missing, not spread, and the score has no rank.
select
    scores.rank_in_bank,
    scores.rank_in_branch,
    scores.manager_count_in_branch,
    managers.manager_id,
    managers.manager_name as manager,
    managers.manager_type,
    branches.region_name as region,
    branches.branch_name as unit,
    round(scores.score, 2) as score,
    scores.covered_weight
from marts.fct_manager_score as scores
inner join marts.dim_manager as managers on scores.manager_key = managers.manager_key
inner join marts.dim_branch as branches on scores.branch_key = branches.branch_key
where
    scores.month_end_date = (
        select max(latest.month_end_date)
        from marts.fct_manager_score as latest
        where latest.is_complete_month
    )
order by scores.rank_in_bank asc nulls last, scores.covered_weight desc, scores.score desc nulls last, managers.manager_id asc
