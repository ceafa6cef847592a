{{ config(materialized='ephemeral') }}

-- Balance spans cut at the borders of months, of account and product versions and of transfer prices,
-- summed as exact integers (cents x days, cents x rate units x accrual days) and rounded once.
-- One row per account and month from the month of refresh_from on.
with months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }}
),

account_versions as (
    select * from {{ ref('int_accounts__versions') }}
),

products as (
    select * from {{ ref('int_products__versions') }}
),

ftp_rates as (
    select * from {{ ref('int_ftp__account_rates') }}
),

-- A span that ends where the first month begins is that month's opening balance.
spans as (
    select * from {{ ref('int_balances__spans') }}
    where valid_to >= {{ refresh_from_month() }}
),

spans_of_months as (
    select
        spans.account_durable_key,
        months.month_start_date,
        months.as_of_date,
        months.period_days,
        spans.balance,
        spans.valid_from as reached_date,
        greatest(spans.valid_from, months.month_start_date) as from_date,
        least(spans.valid_to, months.period_to_date) as to_date
    from spans
    inner join months
        on
            spans.valid_from < months.period_to_date
            and spans.valid_to > months.month_start_date
),

-- An account that no system has delivered keeps its balance, without rate or price.
versioned_segments as (
    select
        spans_of_months.account_durable_key,
        spans_of_months.month_start_date,
        spans_of_months.as_of_date,
        spans_of_months.period_days,
        spans_of_months.balance,
        account_versions.account_key,
        account_versions.account_type,
        account_versions.interest_rate,
        products.day_basis,
        coalesce(
            account_versions.account_type = 'DEPOSIT'
            and account_versions.status = 'CLOSED'
            and spans_of_months.reached_date <= coalesce(account_versions.closed_date, account_versions.valid_from),
            false
        ) as is_left_over,
        greatest(
            spans_of_months.from_date,
            coalesce(account_versions.valid_from, spans_of_months.from_date),
            coalesce(products.valid_from, spans_of_months.from_date)
        ) as from_date,
        least(
            spans_of_months.to_date,
            coalesce(account_versions.valid_to, spans_of_months.to_date),
            coalesce(products.valid_to, spans_of_months.to_date)
        ) as to_date
    from spans_of_months
    left join account_versions
        on
            spans_of_months.account_durable_key = account_versions.account_durable_key
            and spans_of_months.from_date < account_versions.valid_to
            and spans_of_months.to_date > account_versions.valid_from
    left join products
        on
            account_versions.product_id = products.product_id
            and greatest(spans_of_months.from_date, account_versions.valid_from) < products.valid_to
            and least(spans_of_months.to_date, account_versions.valid_to) > products.valid_from
),

-- The prices of an account version, where it has any, leave no day of the month out.
segments as (
    select
        versioned_segments.* exclude (from_date, to_date),
        ftp_rates.ftp_rate,
        greatest(versioned_segments.from_date, coalesce(ftp_rates.valid_from, versioned_segments.from_date)) as from_date,
        least(versioned_segments.to_date, coalesce(ftp_rates.valid_to, versioned_segments.to_date)) as to_date
    from versioned_segments
    left join ftp_rates
        on
            versioned_segments.account_key = ftp_rates.account_key
            and versioned_segments.month_start_date = ftp_rates.month_start_date
            and versioned_segments.from_date < ftp_rates.valid_to
            and versioned_segments.to_date > ftp_rates.valid_from
),

measured_segments as (
    select
        *,
        datediff('day', from_date, to_date) as day_count,
        {{ cents('balance') }} as cents,
        -- A balance that a closed deposit was left with earns and costs nothing, until one that was
        -- delivered after the closing says that it is there.
        case when is_left_over then 0 else {{ rate_units('interest_rate') }} end as rate_units,
        case when is_left_over then 0 else {{ rate_units('ftp_rate') }} end as ftp_units,
        {{ accrual_days('day_basis', 'from_date', 'to_date') }} as accrual_days
    from segments
),

months_of_accounts as (
    select
        account_durable_key,
        month_start_date,
        max(period_days) as period_days,
        case when max(account_type) = 'DEPOSIT' then -1 else 1 end as asset_sign,
        max(balance) filter (where to_date > as_of_date) as end_balance,
        max(ftp_rate) filter (where to_date > as_of_date) as ftp_rate,
        sum(cents * day_count) as balance_cent_days,
        -- One unknown rate or basis makes the whole month unknown, never a part of it.
        case
            when bool_and(rate_units is not null and accrual_days is not null)
                then sum(cents * rate_units * accrual_days)
        end as interest_accrual,
        case
            when bool_and(ftp_units is not null and accrual_days is not null)
                then sum(cents * ftp_units * accrual_days)
        end as ftp_accrual
    from measured_segments
    group by account_durable_key, month_start_date
),

opening_balances as (
    select
        spans.account_durable_key,
        months.month_start_date,
        spans.balance as opening_balance
    from spans
    inner join months
        on
            spans.valid_from < months.month_start_date
            and spans.valid_to >= months.month_start_date
)

select
    months_of_accounts.account_durable_key,
    months_of_accounts.month_start_date,
    coalesce(opening_balances.opening_balance, 0) as opening_balance,
    coalesce(months_of_accounts.end_balance, 0) as end_balance,
    {{ divide_money('balance_cent_days', 'period_days') }} as average_balance,
    {{ money('balance_cent_days', 38) }} as balance_days,
    months_of_accounts.ftp_rate,
    {{ divide_money('interest_accrual', accrual_denominator()) }} as interest_amount,
    {{ divide_money('ftp_accrual', accrual_denominator()) }} as ftp_amount,
    {{ divide_money('(asset_sign * (interest_accrual - ftp_accrual))', accrual_denominator()) }} as ftp_margin_amount
from months_of_accounts
left join opening_balances
    on
        months_of_accounts.account_durable_key = opening_balances.account_durable_key
        and months_of_accounts.month_start_date = opening_balances.month_start_date
