-- Five-tier class of an exposure by its own triggers and its own past: the worst trigger of the month,
-- but a class that may not be left upwards at once (UPGRADE_WAITS_FROM) is kept until neither arrears
-- nor another trigger of such a class was seen for UPGRADE_MONTHS and UPGRADE_PERIODS instalments fell
-- due since. It looks at the whole history, hence a table over all months.
-- Grain: one loan or credit card in one month.
with positions as (
    select * from {{ ref('int_risk__positions') }}
),

month_ratings as (
    select * from {{ ref('int_risk__month_ratings') }}
),

grades as (
    select * from {{ ref('risk_grade') }}
),

rules as (
    select * from {{ ref('int_risk__rules') }}
),

triggers as (
    select * from {{ ref('risk_trigger') }}
),

days_past_due_classes as (
    select
        positions.account_durable_key,
        positions.month_end_date,
        positions.as_of_date,
        'DAYS_PAST_DUE' as risk_trigger_code,
        grades.ordinal
    from positions
    inner join grades
        on
            positions.asset_kind = grades.asset_kind
            and positions.days_past_due >= grades.days_past_due_from
            and positions.days_past_due < grades.days_past_due_to
            and {{ valid_on('grades', 'positions.as_of_date') }}
),

delivered_classes as (
    select
        positions.account_durable_key,
        positions.month_end_date,
        positions.as_of_date,
        'DELIVERED_CLASS' as risk_trigger_code,
        month_ratings.delivered_ordinal as ordinal
    from positions
    inner join month_ratings
        on
            positions.account_durable_key = month_ratings.account_durable_key
            and positions.month_end_date = month_ratings.month_end_date
    where month_ratings.delivered_ordinal is not null
),

flagged_classes as (
    select
        positions.account_durable_key,
        positions.month_end_date,
        positions.as_of_date,
        triggers.risk_trigger_code,
        grades.ordinal
    from positions
    inner join month_ratings
        on
            positions.account_durable_key = month_ratings.account_durable_key
            and positions.month_end_date = month_ratings.month_end_date
    inner join triggers
        on
            (
                (month_ratings.is_impaired and triggers.risk_trigger_code = 'IMPAIRED')
                or (month_ratings.is_restructured and triggers.risk_trigger_code = 'RESTRUCTURED')
            )
            and {{ valid_on('triggers', 'positions.as_of_date') }}
    inner join grades
        on
            positions.asset_kind = grades.asset_kind
            and triggers.lowest_risk_grade_code = grades.risk_grade_code
            and {{ valid_on('grades', 'positions.as_of_date') }}
),

triggered_classes as (
    select * from days_past_due_classes
    union all
    select * from delivered_classes
    union all
    select * from flagged_classes
),

worst_triggers as (
    select
        triggered_classes.account_durable_key,
        triggered_classes.month_end_date,
        triggered_classes.risk_trigger_code,
        cast(triggered_classes.ordinal as integer) as own_ordinal
    from triggered_classes
    inner join triggers
        on
            triggered_classes.risk_trigger_code = triggers.risk_trigger_code
            and {{ valid_on('triggers', 'triggered_classes.as_of_date') }}
    qualify row_number() over (
        partition by triggered_classes.account_durable_key, triggered_classes.month_end_date
        order by triggered_classes.ordinal desc, triggers.precedence asc
    ) = 1
),

months_of_exposures as (
    select
        positions.account_durable_key,
        positions.month_end_date,
        positions.as_of_date,
        worst_triggers.risk_trigger_code,
        worst_triggers.own_ordinal,
        rules.upgrade_months,
        rules.upgrade_periods,
        worst_triggers.own_ordinal >= rules.upgrade_waits_from as is_waiting_class,
        case
            when worst_triggers.own_ordinal >= rules.upgrade_waits_from then positions.as_of_date
            else positions.last_arrears_date
        end as bad_date,
        sum(positions.due_period_count) over (
            partition by positions.account_durable_key
            order by positions.month_end_date
        ) as periods_so_far
    from positions
    inner join worst_triggers
        on
            positions.account_durable_key = worst_triggers.account_durable_key
            and positions.month_end_date = worst_triggers.month_end_date
    inner join rules on positions.month_end_date = rules.month_end_date
),

last_bad_months as (
    select
        *,
        max(bad_date) over so_far as last_bad_date,
        max(case when bad_date is not null then periods_so_far end) over so_far as periods_until_last_bad
    from months_of_exposures
    window so_far as (partition by account_durable_key order by month_end_date)
),

-- Every month in which nothing has to be waited for ends an episode of waiting.
episodes as (
    select
        *,
        count(*) filter (
            where last_bad_date is null
            or (
                cast(last_bad_date + to_months(cast(upgrade_months as integer)) as date) <= as_of_date
                and periods_so_far - periods_until_last_bad >= upgrade_periods
            )
        ) over (partition by account_durable_key order by month_end_date) as episode_number
    from last_bad_months
),

held_classes as (
    select
        *,
        max(case when is_waiting_class then own_ordinal end) over (
            partition by account_durable_key, episode_number
            order by month_end_date
        ) as held_ordinal
    from episodes
)

select
    account_durable_key,
    month_end_date,
    case
        when held_ordinal > own_ordinal then 'UPGRADE_WAIT'
        else risk_trigger_code
    end as risk_trigger_code,
    greatest(own_ordinal, coalesce(held_ordinal, own_ordinal)) as class_ordinal
from held_classes
