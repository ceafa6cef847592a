{{ config(materialized='incremental') }}

-- Expected credit loss by stage: the sum over the years ahead of survival x conditional probability of
-- default x loss given default x exposure / (1 + effective rate)^year, over the scenarios of seed
-- default_scenario by their weights. Stage 1 looks one year ahead, stage 2 to the last instalment (a card
-- for REVOLVING_LIFETIME_YEARS); in stage 3 the default is there and the loss is exposure x loss given
-- default. The last year counts for its days, of 365; a loan that is past its end, or whose end is
-- unknown, may lose for a whole year. The exposure of a loan falls along its delivered schedule, each
-- year taking the balance it begins with; without one it stays. The contract rate stands for the
-- effective one. Each year's loss is rounded half up once and the years add up.
-- Grain: one loan or credit card in one month.
with exposures as (
    select * from {{ ref('int_risk__exposures') }}
    where month_end_date >= {{ refresh_from_month() }}
),

positions as (
    select * from {{ ref('int_risk__positions') }}
    where month_end_date >= {{ refresh_from_month() }}
),

rules as (
    select * from {{ ref('int_risk__rules') }}
),

instalments as (
    select * from {{ ref('int_loans__instalments') }}
),

default_terms as (
    select * from {{ ref('default_term') }}
),

scenarios as (
    select * from {{ ref('default_scenario') }}
),

performing_exposures as (
    select
        exposures.account_durable_key,
        exposures.month_end_date,
        exposures.stage_number,
        exposures.probability_of_default,
        exposures.loss_given_default,
        exposures.exposure_at_default,
        positions.asset_kind,
        positions.as_of_date,
        positions.interest_rate,
        account_versions.maturity_date,
        rules.revolving_lifetime_years
    from exposures
    inner join positions
        on
            exposures.account_durable_key = positions.account_durable_key
            and exposures.month_end_date = positions.month_end_date
    inner join {{ ref('int_accounts__members') }} as account_versions
        on positions.account_key = account_versions.account_key
    inner join rules on exposures.month_end_date = rules.month_end_date
    where exposures.stage_number < 3
),

dues_ahead as (
    select
        performing_exposures.account_durable_key,
        performing_exposures.month_end_date,
        instalments.due_date,
        instalments.principal_due_amount
    from performing_exposures
    inner join instalments
        on
            performing_exposures.account_durable_key = instalments.account_durable_key
            and performing_exposures.as_of_date < instalments.due_date
            and {{ valid_on('instalments', 'performing_exposures.as_of_date') }}
),

last_dues as (
    select
        account_durable_key,
        month_end_date,
        max(due_date) as last_due_date
    from dues_ahead
    group by account_durable_key, month_end_date
),

last_dates as (
    select
        performing_exposures.*,
        cast(performing_exposures.as_of_date + to_years(1) as date) as next_year_date,
        case
            when performing_exposures.asset_kind = 'CARD'
                then cast(
                    performing_exposures.as_of_date
                    + to_years(cast(performing_exposures.revolving_lifetime_years as integer)) as date
                )
            else coalesce(last_dues.last_due_date, performing_exposures.maturity_date)
        end as contract_end_date
    from performing_exposures
    left join last_dues
        on
            performing_exposures.account_durable_key = last_dues.account_durable_key
            and performing_exposures.month_end_date = last_dues.month_end_date
),

horizons as (
    select
        *,
        case
            when coalesce(contract_end_date <= as_of_date, true) then next_year_date
            when stage_number = 1 then least(contract_end_date, next_year_date)
            else contract_end_date
        end as last_date
    from last_dates
),

candidate_years as (
    select
        *,
        unnest(generate_series(1, datediff('year', as_of_date, last_date) + 1)) as year_number
    from horizons
),

years_ahead as (
    select
        *,
        cast(as_of_date + to_years(cast(year_number - 1 as integer)) as date) as year_start_date
    from candidate_years
    where cast(as_of_date + to_years(cast(year_number - 1 as integer)) as date) < last_date
),

repaid_before as (
    select
        years_ahead.account_durable_key,
        years_ahead.month_end_date,
        years_ahead.year_number,
        sum(dues_ahead.principal_due_amount) as repaid_amount
    from years_ahead
    inner join dues_ahead
        on
            years_ahead.account_durable_key = dues_ahead.account_durable_key
            and years_ahead.month_end_date = dues_ahead.month_end_date
            and years_ahead.year_start_date >= dues_ahead.due_date
    group by years_ahead.account_durable_key, years_ahead.month_end_date, years_ahead.year_number
),

yearly_exposures as (
    select
        years_ahead.account_durable_key,
        years_ahead.month_end_date,
        years_ahead.year_number,
        years_ahead.interest_rate,
        years_ahead.loss_given_default,
        scenarios.scenario_code,
        scenarios.weight,
        least(datediff('day', years_ahead.year_start_date, years_ahead.last_date), 365) as day_count,
        greatest(years_ahead.exposure_at_default - coalesce(repaid_before.repaid_amount, 0), 0) as exposure,
        least(
            cast(years_ahead.probability_of_default as double) * default_terms.default_factor * scenarios.default_factor, 1
        ) as default_of_year
    from years_ahead
    inner join default_terms
        on
            years_ahead.year_number >= default_terms.year_from
            and years_ahead.year_number < default_terms.year_to
            and {{ valid_on('default_terms', 'years_ahead.as_of_date') }}
    inner join scenarios
        on
            {{ valid_on('scenarios', 'years_ahead.as_of_date') }}
    left join repaid_before
        on
            years_ahead.account_durable_key = repaid_before.account_durable_key
            and years_ahead.month_end_date = repaid_before.month_end_date
            and years_ahead.year_number = repaid_before.year_number
),

surviving_exposures as (
    select
        *,
        coalesce(product(1 - default_of_year) over (
            partition by account_durable_key, month_end_date, scenario_code
            order by year_number
            rows between unbounded preceding and 1 preceding
        ), 1) as survival
    from yearly_exposures
),

yearly_losses as (
    select
        account_durable_key,
        month_end_date,
        case
            when bool_and(interest_rate is not null and exposure is not null) then cast(round(sum(
                cast(weight as double) * cast(exposure as double) * survival
                * default_of_year * day_count / 365 * cast(loss_given_default as double)
                / pow(1 + cast(interest_rate as double), year_number)
            ), 2) as decimal(18, 2))
        end as loss_amount
    from surviving_exposures
    group by account_durable_key, month_end_date, year_number
),

-- One unknown year, for want of a rate, makes the whole loss unknown.
performing_losses as (
    select
        account_durable_key,
        month_end_date,
        case when bool_and(loss_amount is not null) then sum(loss_amount) end as loss_amount
    from yearly_losses
    group by account_durable_key, month_end_date
)

select
    exposures.account_durable_key,
    exposures.month_end_date,
    case exposures.stage_number
        when 3 then {{ divide_money(
            "(" ~ cents('exposures.exposure_at_default') ~ " * " ~ rate_units('exposures.loss_given_default') ~ ")",
            "100000000"
        ) }}
        else cast(performing_losses.loss_amount as decimal(18, 2))
    end as expected_credit_loss_amount
from exposures
left join performing_losses
    on
        exposures.account_durable_key = performing_losses.account_durable_key
        and exposures.month_end_date = performing_losses.month_end_date
