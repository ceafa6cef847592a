{{ config(materialized='ephemeral') }}

-- What loans and credit cards owed and could still draw on the days of a month: balance spans cut at the
-- borders of months and of account versions. A loan has no limit left to draw; what can be drawn of a
-- card whose limit is unknown is unknown.
-- Grain: one loan or credit card over some days of one month, from the month of refresh_from on.
with positions as (
    select * from {{ ref('int_risk__positions') }}
    where month_end_date >= {{ refresh_from_month() }}
),

months as (
    select * from {{ ref('int_calendar__months') }}
),

spans as (
    select
        positions.account_durable_key,
        positions.asset_kind,
        positions.month_end_date,
        greatest(spans.balance, 0) as balance,
        account_versions.credit_limit,
        greatest(spans.valid_from, months.month_start_date, account_versions.valid_from) as from_date,
        least(spans.valid_to, months.period_to_date, account_versions.valid_to) as to_date
    from positions
    inner join months on positions.month_end_date = months.month_end_date
    inner join {{ ref('int_balances__spans') }} as spans
        on
            positions.account_durable_key = spans.account_durable_key
            and months.period_to_date > spans.valid_from
            and months.month_start_date < spans.valid_to
    inner join {{ ref('int_accounts__members') }} as account_versions
        on
            positions.account_durable_key = account_versions.account_durable_key
            and greatest(spans.valid_from, months.month_start_date) < account_versions.valid_to
            and least(spans.valid_to, months.period_to_date) > account_versions.valid_from
)

select
    account_durable_key,
    month_end_date,
    datediff('day', from_date, to_date) as day_count,
    balance,
    case asset_kind
        when 'LOAN' then 0
        else greatest(credit_limit - balance, 0)
    end as undrawn
from spans
