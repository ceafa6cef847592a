{{ config(materialized='incremental') }}

-- Grain: one manager in one month. The score is the sum of weight x attainment over the measures that
-- are known, without cap; the weight of an unknown measure is not spread over the others. So scores
-- compare only where the same weight is known: the managers of the largest covered weight are ranked,
-- equal scores share a rank, and the others have none.
with kpis as (
    select * from {{ ref('fct_manager_kpi') }}
    where month_end_date >= {{ refresh_from_month() }}
),

scores as (
    select
        month_end_date,
        manager_key,
        manager_durable_key,
        branch_key,
        is_complete_month,
        cast(sum(score_contribution) as decimal(24, 8)) as score,
        cast(coalesce(sum(weight) filter (where score_contribution is not null), 0) as decimal(9, 2)) as covered_weight,
        cast(sum(weight) as decimal(9, 2)) as total_weight
    from kpis
    group by month_end_date, manager_key, manager_durable_key, branch_key, is_complete_month
),

comparable_scores as (
    select
        *,
        case
            when covered_weight = max(covered_weight) filter (where score is not null) over (partition by month_end_date, branch_key)
                then score
        end as score_in_branch,
        case
            when covered_weight = max(covered_weight) filter (where score is not null) over (partition by month_end_date)
                then score
        end as score_in_bank
    from scores
)

select
    {{ surrogate_key("manager_durable_key", "month_end_date") }} as manager_score_key,
    month_end_date,
    manager_key,
    manager_durable_key,
    branch_key,
    is_complete_month,
    score,
    covered_weight,
    total_weight,
    case
        when score_in_branch is not null
            then cast(rank() over (partition by month_end_date, branch_key order by score_in_branch desc nulls last) as integer)
    end as rank_in_branch,
    cast(count(score_in_branch) over (partition by month_end_date, branch_key) as integer) as manager_count_in_branch,
    case
        when score_in_bank is not null
            then cast(rank() over (partition by month_end_date order by score_in_bank desc nulls last) as integer)
    end as rank_in_bank,
    cast(count(score_in_bank) over (partition by month_end_date) as integer) as manager_count_in_bank
from comparable_scores
