{{ config(materialized='incremental') }}

-- What loans and credit cards put at risk in a month: stage, default and loss, exposure, provisions,
-- expected loss of the period, capital, security. Expected loss and the capital of the period
-- (capital_cent_days) are those of the exposure of each day, under the class and the parameters of the
-- month's last business date. The profit statement and the credit facts both read it, so class and
-- capital are computed once.
-- Grain: one loan or credit card in one month.
with positions as (
    select * from {{ ref('int_risk__positions') }}
    where month_end_date >= {{ refresh_from_month() }}
),

classes as (
    select * from {{ ref('int_risk__classes') }}
),

month_ratings as (
    select * from {{ ref('int_risk__month_ratings') }}
),

rules as (
    select * from {{ ref('int_risk__rules') }}
),

rates as (
    select * from {{ ref('int_profit__parameters') }}
),

securities as (
    select
        positions.account_durable_key,
        positions.month_end_date,
        sum(securities.security_amount) filter (where securities.security_kind = 'COLLATERAL') as collateral_amount,
        sum(securities.security_amount) filter (where securities.security_kind = 'GUARANTEE') as guarantee_amount
    from positions
    inner join {{ ref('int_risk__securities') }} as securities
        on
            positions.account_durable_key = securities.account_durable_key
            and {{ valid_on('securities', 'positions.as_of_date') }}
    group by positions.account_durable_key, positions.month_end_date
),

first_securities as (
    select
        (select min(business_date) from {{ ref('stg_risk__collaterals') }}) as first_collateral_date,
        (select min(business_date) from {{ ref('stg_risk__guarantees') }}) as first_guarantee_date
),

-- A loan has no limit left to draw; a card whose limit is unknown has an unknown exposure.
assets as (
    select
        positions.account_durable_key,
        positions.asset_kind,
        positions.month_end_date,
        positions.as_of_date,
        positions.days_past_due,
        greatest(positions.balance, 0) as balance,
        case
            when positions.asset_kind = 'LOAN' then 0
            when account_versions.credit_limit is not null
                then greatest(account_versions.credit_limit - greatest(positions.balance, 0), 0)
        end as undrawn,
        products.product_family,
        customers.customer_type,
        classes.risk_grade_code,
        classes.is_non_performing
    from positions
    inner join classes
        on
            positions.account_durable_key = classes.account_durable_key
            and positions.month_end_date = classes.month_end_date
    inner join {{ ref('int_accounts__members') }} as account_versions
        on positions.account_key = account_versions.account_key
    left join {{ ref('int_customers__members') }} as customers on positions.customer_key = customers.customer_key
    left join {{ ref('int_products__versions') }} as products on positions.product_key = products.product_key
),

-- The most specific weight counts: a product family before every other, a type of customer likewise.
weighted_assets as (
    select
        assets.*,
        risk_weights.risk_weight
    from assets
    left join {{ ref('risk_weight') }} as risk_weights
        on
            assets.asset_kind = risk_weights.asset_kind
            and risk_weights.product_family in (assets.product_family, '*')
            and risk_weights.customer_type in (assets.customer_type, '*')
            and {{ valid_on('risk_weights', 'assets.as_of_date') }}
    qualify row_number() over (
        partition by assets.account_durable_key, assets.month_end_date
        order by
            case risk_weights.product_family when '*' then 1 else 0 end asc,
            case risk_weights.customer_type when '*' then 1 else 0 end asc
    ) = 1
),

-- A rating's probability of default counts while the class performs; after that the default is there.
rated_assets as (
    select
        weighted_assets.*,
        rules.general_provision_rate,
        rules.score_target,
        rules.score_target_odds,
        rules.score_points_to_double,
        rates.capital_ratio,
        month_ratings.rating_code,
        risk_parameters.credit_conversion_factor,
        risk_parameters.specific_provision_rate,
        case
            when weighted_assets.is_non_performing then 'CLASS'
            else coalesce(month_ratings.default_source_code, 'FALLBACK')
        end as default_source_code,
        case
            when weighted_assets.is_non_performing then risk_parameters.probability_of_default
            else coalesce(month_ratings.probability_of_default, risk_parameters.probability_of_default)
        end as probability_of_default,
        coalesce(month_ratings.loss_source_code, 'FALLBACK') as loss_source_code,
        coalesce(month_ratings.loss_given_default, risk_parameters.loss_given_default) as loss_given_default,
        case
            when
                weighted_assets.is_non_performing
                or weighted_assets.days_past_due >= rules.stage_3_from_days
                or coalesce(month_ratings.is_impaired, false)
                then 3
            when
                weighted_assets.days_past_due > rules.stage_2_over_days
                or coalesce(month_ratings.is_restructured, false)
                or coalesce(month_ratings.notches_lost, 0) >= rules.stage_2_notches
                then 2
            else 1
        end as stage_number
    from weighted_assets
    inner join {{ ref('risk_parameter') }} as risk_parameters
        on
            weighted_assets.asset_kind = risk_parameters.asset_kind
            and weighted_assets.risk_grade_code = risk_parameters.risk_grade_code
            and {{ valid_on('risk_parameters', 'weighted_assets.as_of_date') }}
    inner join rules on weighted_assets.month_end_date = rules.month_end_date
    inner join rates on weighted_assets.month_end_date = rates.month_end_date
    left join month_ratings
        on
            weighted_assets.account_durable_key = month_ratings.account_durable_key
            and weighted_assets.month_end_date = month_ratings.month_end_date
),

exposures as (
    select
        *,
        cast(balance + round(undrawn * credit_conversion_factor, 2) as decimal(18, 2)) as exposure_at_default,
        cast(round(balance * general_provision_rate, 2) as decimal(18, 2)) as general_provision,
        cast(round(balance * specific_provision_rate, 2) as decimal(18, 2)) as specific_provision
    from rated_assets
),

-- The exposure and the provision of a day are rounded to the cent as those of the month's end are; one
-- unknown day makes the month unknown.
daily_exposures as (
    select
        rated_assets.account_durable_key,
        rated_assets.month_end_date,
        case when bool_and(spans.undrawn is not null) then sum(spans.day_count * {{ cents(
            '(spans.balance + round(spans.undrawn * rated_assets.credit_conversion_factor, 2))'
        ) }}) end as exposure_cent_days,
        sum(spans.day_count * {{ cents(
            'round(spans.balance * rated_assets.specific_provision_rate, 2)'
        ) }}) as provision_cent_days
    from rated_assets
    inner join {{ ref('int_risk__exposure_spans') }} as spans
        on
            rated_assets.account_durable_key = spans.account_durable_key
            and rated_assets.month_end_date = spans.month_end_date
    group by rated_assets.account_durable_key, rated_assets.month_end_date
)

select
    exposures.account_durable_key,
    exposures.month_end_date,
    exposures.rating_code,
    exposures.default_source_code,
    exposures.loss_source_code,
    cast(exposures.stage_number as integer) as stage_number,
    exposures.probability_of_default,
    exposures.loss_given_default,
    exposures.exposure_at_default,
    exposures.general_provision,
    exposures.specific_provision,
    exposures.risk_weight,
    {{ divide_money(
        "(daily_exposures.exposure_cent_days * " ~ rate_units('exposures.probability_of_default')
        ~ " * " ~ rate_units('exposures.loss_given_default') ~ ")",
        "3650000000000000000"
    ) }} as expected_loss_amount,
    {{ divide_money(
        "(" ~ cents('(exposures.exposure_at_default - exposures.specific_provision)')
        ~ " * " ~ rate_units('exposures.risk_weight') ~ ")",
        "100000000"
    ) }} as risk_weighted_amount,
    {{ divide_money("(" ~ capital_units('exposures', 'exposures') ~ ")", "10000000000000000") }} as capital_amount,
    cast(daily_exposures.exposure_cent_days - daily_exposures.provision_cent_days as hugeint) as capital_cent_days,
    case
        when exposures.asset_kind = 'LOAN' and exposures.as_of_date >= first_securities.first_collateral_date
            then cast(coalesce(securities.collateral_amount, 0) as decimal(18, 2))
    end as collateral_amount,
    case
        when exposures.asset_kind = 'LOAN' and exposures.as_of_date >= first_securities.first_guarantee_date
            then cast(coalesce(securities.guarantee_amount, 0) as decimal(18, 2))
    end as guarantee_amount,
    case
        when exposures.probability_of_default > 0 and exposures.probability_of_default < 1
            then cast(round({{ score_points(
                '(1 - exposures.probability_of_default) / exposures.probability_of_default',
                'exposures.score_target', 'exposures.score_target_odds', 'exposures.score_points_to_double'
            ) }}) as integer)
    end as default_odds_points
from exposures
inner join daily_exposures
    on
        exposures.account_durable_key = daily_exposures.account_durable_key
        and exposures.month_end_date = daily_exposures.month_end_date
cross join first_securities
left join securities
    on
        exposures.account_durable_key = securities.account_durable_key
        and exposures.month_end_date = securities.month_end_date
