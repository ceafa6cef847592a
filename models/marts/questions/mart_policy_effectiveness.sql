-- What a policy changed, by industry: the complete months before it against as many of the latest ones.
-- Grain: one industry of one policy. An industry is that of today, so that moving a customer to another
-- industry does not look like an effect.
with policies as (
    select * from {{ ref('crm_policy') }}
),

sides as (
    select
        policies.policy_code,
        policies.comparison_months,
        months.month_end_date,
        months.as_of_date,
        months.month_start_date >= policies.start_date as is_after,
        row_number() over (
            partition by policies.policy_code, months.month_start_date >= policies.start_date
            order by months.month_end_date desc
        ) as distance
    from policies
    cross join {{ ref('int_calendar__months') }} as months
    where
        months.is_complete_month
        and (months.month_end_date < policies.start_date or months.month_start_date >= policies.start_date)
),

comparisons as (
    select
        policies.policy_code,
        policies.start_date,
        coalesce(
            least(
                policies.comparison_months,
                count(sides.distance) filter (where sides.is_after),
                count(sides.distance) filter (where not sides.is_after)
            ), 0
        ) as months_compared
    from policies
    left join sides on policies.policy_code = sides.policy_code
    group by policies.policy_code, policies.start_date, policies.comparison_months
),

compared_months as (
    select sides.*
    from sides
    inner join comparisons
        on
            sides.policy_code = comparisons.policy_code
            and sides.distance <= comparisons.months_compared
),

industries as (
    select
        customer_durable_key,
        industry_key
    from {{ ref('dim_customer') }}
    where is_current and customer_durable_key > 0
),

-- Key customers are counted at the last month-end of each side.
key_customers as (
    select
        compared_months.policy_code,
        industries.industry_key,
        compared_months.is_after,
        1 as key_customer_count,
        0 as cents
    from compared_months
    inner join {{ ref('int_customers__grades') }} as grades
        on compared_months.month_end_date = grades.month_end_date
    inner join {{ ref('value_band') }} as bands
        on
            bands.band_kind = 'GRADE'
            and grades.grade_code = bands.band_code
            and bands.group_code = 'KEY'
            and {{ valid_on('bands', 'compared_months.as_of_date') }}
    inner join industries on grades.customer_durable_key = industries.customer_durable_key
    where compared_months.distance = 1 and grades.is_active
),

-- Contributions that are unknown are left out on both sides.
contributions as (
    select
        compared_months.policy_code,
        industries.industry_key,
        compared_months.is_after,
        0 as key_customer_count,
        {{ cents('profits.pre_tax_contribution_amount') }} as cents
    from compared_months
    inner join {{ ref('fct_profit_monthly') }} as profits
        on compared_months.month_end_date = profits.month_end_date
    inner join industries on profits.customer_durable_key = industries.customer_durable_key
    where profits.pre_tax_contribution_amount is not null
),

known_industries as (
    select distinct
        policies.policy_code,
        industries.industry_key,
        false as is_after,
        0 as key_customer_count,
        0 as cents
    from policies
    cross join industries
),

events as (
    select * from key_customers
    union all
    select * from contributions
    union all
    select * from known_industries
),

sums_of_industries as (
    select
        policy_code,
        industry_key,
        coalesce(sum(key_customer_count) filter (where not is_after), 0) as customers_before,
        coalesce(sum(key_customer_count) filter (where is_after), 0) as customers_after,
        cast(coalesce(sum(cents) filter (where not is_after), 0) as hugeint) as cents_before,
        cast(coalesce(sum(cents) filter (where is_after), 0) as hugeint) as cents_after
    from events
    group by policy_code, industry_key
),

-- Without a complete month on either side nothing can be compared.
sums_or_nothing as (
    select
        comparisons.policy_code,
        comparisons.start_date,
        comparisons.months_compared,
        sums_of_industries.industry_key,
        case when comparisons.months_compared > 0 then sums_of_industries.customers_before end as customers_before,
        case when comparisons.months_compared > 0 then sums_of_industries.customers_after end as customers_after,
        case when comparisons.months_compared > 0 then sums_of_industries.cents_before end as cents_before,
        case when comparisons.months_compared > 0 then sums_of_industries.cents_after end as cents_after
    from comparisons
    inner join sums_of_industries on comparisons.policy_code = sums_of_industries.policy_code
),

wholes as (
    select
        *,
        cast(sum(cents_before) over (partition by policy_code) as hugeint) as whole_before,
        cast(sum(cents_after) over (partition by policy_code) as hugeint) as whole_after
    from sums_or_nothing
)

select
    {{ surrogate_key("policy_code", "industry_key") }} as policy_effectiveness_key,
    policy_code,
    industry_key,
    start_date,
    cast(months_compared as integer) as months_compared,
    cast(customers_before as integer) as key_customer_count_before,
    cast(customers_after as integer) as key_customer_count_after,
    {{ ratio('(customers_after - customers_before)', 'customers_before') }} as key_customer_change_rate,
    {{ money('cents_before') }} as contribution_before_amount,
    {{ money('cents_after') }} as contribution_after_amount,
    {{ ratio('(cents_after - cents_before)', 'cents_before') }} as contribution_change_rate,
    {{ ratio('cents_before', 'whole_before') }} as share_before,
    {{ ratio('cents_after', 'whole_after') }} as share_after,
    -- Two negative wholes have a positive product and no shares.
    case
        when whole_before > 0 and whole_after > 0
            then {{ ratio(
                '(cents_after * whole_before - cents_before * whole_after)', '(whole_before * whole_after)'
            ) }}
    end as share_change
from wholes
