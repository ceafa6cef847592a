{{ config(materialized='ephemeral') }}

-- Funds transfer price of every account version in every month it touches. No row where the
-- product has no pricing method or no curve is early enough.
with account_versions as (
    select * from {{ ref('int_accounts__versions') }}
),

months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }}
),

rates as (
    select * from {{ ref('int_ftp__rates') }}
),

-- The product as it stands on the month's as-of date prices the month.
priced_versions as (
    select
        account_versions.account_key,
        account_versions.currency_code,
        account_versions.term_days,
        months.month_start_date,
        products.ftp_method,
        products.ftp_profile_code,
        {{ matched_rate_date('account_versions') }} as matched_rate_date
    from account_versions
    inner join months
        on
            account_versions.valid_from < months.period_to_date
            and account_versions.valid_to > months.month_start_date
    inner join {{ ref('int_products__versions') }} as products
        on
            account_versions.product_id = products.product_id
            and {{ valid_on('products', 'months.as_of_date') }}
),

matched as (
    select
        priced_versions.account_key,
        priced_versions.month_start_date,
        rates.ftp_rate
    from priced_versions
    inner join rates
        on
            priced_versions.currency_code = rates.currency_code
            and priced_versions.matched_rate_date = rates.rate_date
            and priced_versions.term_days = rates.tenor_days
    where priced_versions.ftp_method = 'MATCHED'
),

-- One rate per profile, currency and month, not per account.
profile_rates as (
    select
        profiles.ftp_profile_code,
        rates.currency_code,
        months.month_start_date,
        cast(sum(profiles.weight * rates.ftp_rate) as decimal(12, 8)) as ftp_rate
    from months
    inner join {{ ref('ftp_profile') }} as profiles
        on
            {{ valid_on('profiles', 'months.month_start_date') }}
    inner join rates
        on
            months.month_start_date = rates.rate_date
            and profiles.tenor_days = rates.tenor_days
    group by profiles.ftp_profile_code, rates.currency_code, months.month_start_date
),

demand as (
    select
        priced_versions.account_key,
        priced_versions.month_start_date,
        profile_rates.ftp_rate
    from priced_versions
    inner join profile_rates
        on
            priced_versions.ftp_profile_code = profile_rates.ftp_profile_code
            and priced_versions.currency_code = profile_rates.currency_code
            and priced_versions.month_start_date = profile_rates.month_start_date
    where priced_versions.ftp_method = 'DEMAND'
)

select
    account_key,
    month_start_date,
    ftp_rate
from matched
union all
select
    account_key,
    month_start_date,
    ftp_rate
from demand
