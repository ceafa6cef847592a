{{ config(materialized='incremental') }}

-- Grain: one manager, measure and month. Numerator, denominator and target add up over managers;
-- attainment and score follow from them and never add up.
with manager_months as (
    select * from {{ ref('int_managers__months') }}
),

measures as (
    select * from {{ ref('manager_measure') }}
),

targets as (
    select * from {{ ref('int_managers__targets') }}
),

actuals as (
    select * from {{ ref('int_managers__actuals') }}
),

measured_months as (
    select
        manager_months.*,
        measures.measure_code,
        measures.sign,
        measures.weight,
        actuals.numerator_value,
        actuals.denominator_value,
        case measures.measure_kind
            when 'AMOUNT' then cast(targets.target_value as decimal(24, 6))
            when 'RATIO'
                then {{ divide_ratio(
                    "(" ~ millionths('targets.target_value') ~ " * " ~ millionths('actuals.denominator_value') ~ ")",
                    "1000000000000"
                ) }}
        end as target_value
    from manager_months
    inner join measures
        on
            {{ valid_on('measures', 'manager_months.as_of_date') }}
    left join targets
        on
            manager_months.manager_durable_key = targets.manager_durable_key
            and manager_months.month_end_date = targets.month_end_date
            and measures.measure_code = targets.measure_code
    left join actuals
        on
            manager_months.manager_durable_key = actuals.manager_durable_key
            and manager_months.month_end_date = actuals.month_end_date
            and measures.measure_code = actuals.measure_code
),

attained_months as (
    select
        *,
        {{ attainment('numerator_value', 'target_value', 'sign') }} as attainment_rate
    from measured_months
)

select
    {{ surrogate_key("manager_durable_key", "measure_code", "month_end_date") }} as manager_kpi_key,
    month_end_date,
    manager_key,
    manager_durable_key,
    branch_key,
    {{ surrogate_key("'manager_measure'", "measure_code") }} as manager_measure_key,
    measure_code,
    is_complete_month,
    numerator_value,
    denominator_value,
    target_value,
    attainment_rate,
    weight,
    cast(weight * attainment_rate as decimal(24, 8)) as score_contribution
from attained_months
