{{ config(materialized='incremental') }}
{#- Bands that a customer falls into, by kind and the figure that decides. -#}
{%- set banded = {
    'vip': 'personal_deposit_balance',
    'aum': 'aum_average_balance',
    'age': 'age_years',
    'income': 'annual_income_amount',
} -%}

-- What kind of customer a customer is in a month: grade, bands, class of the worst loan or card, lifecycle,
-- segment. Together they are the customer's profile. A band is null where its figure is unknown.
-- Grain: one customer in one month.
with months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }}
),

bands as (
    select * from {{ ref('value_band') }}
),

worst_classes as (
    select
        credit_months.customer_durable_key,
        credit_months.month_end_date,
        arg_max(risk_grades.risk_grade_code, risk_grades.ordinal) as risk_grade_code
    from {{ ref('int_risk__credit_months') }} as credit_months
    inner join {{ ref('risk_grade') }} as risk_grades
        on
            credit_months.asset_kind = risk_grades.asset_kind
            and credit_months.risk_grade_code = risk_grades.risk_grade_code
            and {{ valid_on('risk_grades', 'credit_months.as_of_date') }}
    where credit_months.month_end_date >= {{ refresh_from_month() }}
    group by credit_months.customer_durable_key, credit_months.month_end_date
),

figures as (
    select
        grades.customer_durable_key,
        grades.month_end_date,
        grades.grade_code,
        grades.aum_average_balance,
        months.as_of_date,
        customers.customer_key,
        behaviour.lifecycle_code,
        behaviour.activity_sign,
        behaviour.recency_score,
        (behaviour.frequency_score + behaviour.monetary_score + 1) // 2 as value_score,
        worst_classes.risk_grade_code,
        wealth.annual_income_amount,
        wealth.external_asset_amount,
        case when customers.customer_type = 'PERSON' then coalesce(customer_months.deposit_average_balance, 0) end
            as personal_deposit_balance,
        case when customers.customer_type = 'PERSON' then datesub('year', customers.birth_date, months.as_of_date) end
            as age_years
    from {{ ref('int_customers__grades') }} as grades
    inner join months on grades.month_end_date = months.month_end_date
    inner join {{ ref('int_customers__members') }} as customers
        on
            grades.customer_durable_key = customers.customer_durable_key
            and {{ valid_on('customers', 'months.as_of_date') }}
    inner join {{ ref('int_customers__behaviour') }} as behaviour
        on
            grades.customer_durable_key = behaviour.customer_durable_key
            and grades.month_end_date = behaviour.month_end_date
    left join {{ ref('int_customers__months') }} as customer_months
        on
            grades.customer_durable_key = customer_months.customer_durable_key
            and grades.month_end_date = customer_months.month_end_date
    left join worst_classes
        on
            grades.customer_durable_key = worst_classes.customer_durable_key
            and grades.month_end_date = worst_classes.month_end_date
    left join {{ ref('int_customers__wealth') }} as wealth
        on
            grades.customer_durable_key = wealth.customer_durable_key
            and {{ valid_on('wealth', 'months.as_of_date') }}
),

banded_customers as (
    select
        figures.*,
        {{ surrogate_key("'value_band'", "'GRADE'", "figures.grade_code", "grade_bands.valid_from") }} as grade_band_key,
        {%- for kind in banded %}
            {{ kind }}_bands.band_code as {{ kind }}_band_code,
        {%- endfor %}
        case
            when vip_bands.band_code is not null
                then {{ surrogate_key("'value_band'", "'VIP'", "vip_bands.band_code", "vip_bands.valid_from") }}
        end as vip_band_key,
        segments.segment_code as rfm_segment_code
    from figures
    left join bands as grade_bands
        on
            grade_bands.band_kind = 'GRADE'
            and figures.grade_code = grade_bands.band_code
            and {{ valid_on('grade_bands', 'figures.as_of_date') }}
    {%- for kind, figure in banded.items() %}
        left join bands as {{ kind }}_bands
            on
                {{ kind }}_bands.band_kind = '{{ kind | upper }}'
                and figures.{{ figure }} >= {{ kind }}_bands.range_from
                and figures.{{ figure }} < {{ kind }}_bands.range_to
                and {{ valid_on(kind ~ '_bands', 'figures.as_of_date') }}
    {%- endfor %}
    left join {{ ref('rfm_segment') }} as segments
        on
            figures.recency_score >= segments.recency_from
            and figures.recency_score < segments.recency_to
            and figures.value_score >= segments.value_from
            and figures.value_score < segments.value_to
            and {{ valid_on('segments', 'figures.as_of_date') }}
)

select
    customer_durable_key,
    month_end_date,
    customer_key,
    {{ surrogate_key(
        "'customer_profile'", 'grade_code', 'vip_band_code', 'aum_band_code', 'age_band_code', 'income_band_code',
        'risk_grade_code', 'lifecycle_code', 'activity_sign', 'rfm_segment_code',
    ) }} as customer_profile_key,
    grade_band_key,
    vip_band_key,
    grade_code,
    vip_band_code,
    aum_band_code,
    age_band_code,
    income_band_code,
    risk_grade_code,
    lifecycle_code,
    activity_sign,
    rfm_segment_code,
    external_asset_amount
from banded_customers
