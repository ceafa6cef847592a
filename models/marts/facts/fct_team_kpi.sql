{{ config(materialized='incremental') }}

-- Grain: one team, measure and month. A team is all managers under an organisation unit of any level,
-- in the tree as it was; its ratios are ratios of sums. Teams of different levels overlap and never
-- add up. One unknown member makes the team unknown.
with kpis as (
    select * from {{ ref('fct_manager_kpi') }}
    where month_end_date >= {{ refresh_from_month() }}
),

months as (
    select * from {{ ref('int_calendar__months') }}
),

branches as (
    select * from {{ ref('dim_branch') }}
),

measures as (
    select * from {{ ref('manager_measure') }}
),

closure as (
    select * from {{ ref('bridge_org_closure') }}
),

team_members as (
    select
        kpis.*,
        months.as_of_date,
        measures.sign,
        closure.ancestor_branch_durable_key as branch_durable_key
    from kpis
    inner join months on kpis.month_end_date = months.month_end_date
    inner join branches on kpis.branch_key = branches.branch_key
    inner join closure
        on
            branches.branch_durable_key = closure.descendant_branch_durable_key
            and {{ valid_on('closure', 'months.as_of_date') }}
    inner join measures
        on
            kpis.measure_code = measures.measure_code
            and {{ valid_on('measures', 'months.as_of_date') }}
),

sums as (
    select
        month_end_date,
        as_of_date,
        branch_durable_key,
        manager_measure_key,
        measure_code,
        is_complete_month,
        sign,
        weight,
        cast(count(*) as integer) as manager_count,
        case when bool_and(numerator_value is not null) then cast(sum(numerator_value) as decimal(24, 6)) end as numerator_value,
        case when bool_and(denominator_value is not null) then cast(sum(denominator_value) as decimal(24, 6)) end as denominator_value,
        case when bool_and(target_value is not null) then cast(sum(target_value) as decimal(24, 6)) end as target_value
    from team_members
    group by
        month_end_date, as_of_date, branch_durable_key, manager_measure_key, measure_code, is_complete_month, sign, weight
),

attained_sums as (
    select
        *,
        {{ attainment('numerator_value', 'target_value', 'sign') }} as attainment_rate
    from sums
)

select
    {{ surrogate_key("attained_sums.branch_durable_key", "attained_sums.measure_code", "attained_sums.month_end_date") }}
        as team_kpi_key,
    attained_sums.month_end_date,
    branches.branch_key,
    attained_sums.branch_durable_key,
    attained_sums.manager_measure_key,
    attained_sums.measure_code,
    attained_sums.is_complete_month,
    attained_sums.manager_count,
    attained_sums.numerator_value,
    attained_sums.denominator_value,
    attained_sums.target_value,
    attained_sums.attainment_rate,
    attained_sums.weight,
    cast(attained_sums.weight * attained_sums.attainment_rate as decimal(24, 8)) as score_contribution
from attained_sums
inner join branches
    on
        attained_sums.branch_durable_key = branches.branch_durable_key
        and {{ valid_on('branches', 'attained_sums.as_of_date') }}
