-- How loans and cards moved between the five classes in a month. The start is the end of the month
-- before; who owes nothing any more at the end has left (class -3). Shares are of the start's class
-- and sum to 1 to the last place: each is the rounded cumulative share less the one before.
-- Grain: one kind of asset, currency, class at the start and class at the end in one month.
with classes as (
    select * from {{ ref('int_risk__classes') }}
    where previous_balance > 0
),

positions as (
    select * from {{ ref('int_risk__positions') }}
),

moves as (
    select
        classes.month_end_date,
        classes.asset_kind,
        positions.currency_key,
        positions.is_complete_month,
        {{ surrogate_key("'risk_grade'", "classes.previous_risk_grade_code") }} as start_risk_grade_key,
        case
            when classes.balance > 0 then {{ surrogate_key("'risk_grade'", "classes.risk_grade_code") }}
            else -3
        end as end_risk_grade_key,
        count(*) as exposure_count,
        cast(sum(classes.previous_balance) as decimal(18, 2)) as start_balance,
        cast(sum(greatest(classes.balance, 0)) as decimal(18, 2)) as end_balance
    from classes
    inner join positions
        on
            classes.account_durable_key = positions.account_durable_key
            and classes.month_end_date = positions.month_end_date
    group by all
),

cumulative_moves as (
    select
        *,
        sum(exposure_count) over up_to_here as count_until,
        sum(start_balance) over up_to_here as balance_until,
        sum(exposure_count) over whole_row as row_count,
        sum(start_balance) over whole_row as row_balance
    from moves
    window
        whole_row as (partition by month_end_date, asset_kind, currency_key, start_risk_grade_key),
        up_to_here as (
            partition by month_end_date, asset_kind, currency_key, start_risk_grade_key
            order by end_risk_grade_key
        )
)

select
    {{ surrogate_key("month_end_date", "asset_kind", "currency_key", "start_risk_grade_key", "end_risk_grade_key") }}
        as credit_migration_key,
    month_end_date,
    currency_key,
    start_risk_grade_key,
    end_risk_grade_key,
    asset_kind,
    is_complete_month,
    exposure_count,
    start_balance,
    end_balance,
    {{ ratio('count_until', 'row_count') }}
    - {{ ratio('(count_until - exposure_count)', 'row_count') }} as count_share,
    {{ ratio(cents('balance_until'), cents('row_balance')) }}
    - {{ ratio(cents('(balance_until - start_balance)'), cents('row_balance')) }} as balance_share
from cumulative_moves
