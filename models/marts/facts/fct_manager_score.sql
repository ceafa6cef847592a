{{ config(materialized='incremental') }}

-- Grain: one manager in one month. The score is the sum of weight x attainment over the measures that
-- are known, without cap; the weight of an unknown measure is not spread over the others.
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
    cast(row_number() over (
        partition by month_end_date, branch_key
        order by score desc nulls last, manager_durable_key asc
    ) as integer) as rank_in_branch,
    cast(count(*) over (partition by month_end_date, branch_key) as integer) as manager_count_in_branch,
    cast(row_number() over (
        partition by month_end_date
        order by score desc nulls last, manager_durable_key asc
    ) as integer) as rank_in_bank,
    cast(count(*) over (partition by month_end_date) as integer) as manager_count_in_bank
from scores
