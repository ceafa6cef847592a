{{ config(materialized='ephemeral') }}

-- Funds transfer price of every account version in every month it touches, over the days on which it
-- holds: a demand balance takes each day the curve in force that day, a matched contract one price. No
-- row where the product has no pricing method or a matched contract no curve that is early enough.
-- Grain: one account version over some days of one month (half-open).
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
        months.period_to_date,
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
        priced_versions.month_start_date as valid_from,
        priced_versions.period_to_date as valid_to,
        rates.ftp_rate
    from priced_versions
    inner join rates
        on
            priced_versions.currency_code = rates.currency_code
            and priced_versions.matched_rate_date = rates.rate_date
            and priced_versions.term_days = rates.tenor_days
    where priced_versions.ftp_method = 'MATCHED'
),

demand as (
    select
        priced_versions.account_key,
        priced_versions.month_start_date,
        greatest(demand_rates.valid_from, priced_versions.month_start_date) as valid_from,
        least(demand_rates.valid_to, priced_versions.period_to_date) as valid_to,
        demand_rates.ftp_rate
    from priced_versions
    inner join {{ ref('int_ftp__demand_rates') }} as demand_rates
        on
            priced_versions.ftp_profile_code = demand_rates.ftp_profile_code
            and priced_versions.currency_code = demand_rates.currency_code
            and priced_versions.period_to_date > demand_rates.valid_from
            and priced_versions.month_start_date < demand_rates.valid_to
    where priced_versions.ftp_method = 'DEMAND'
)

select
    account_key,
    month_start_date,
    valid_from,
    valid_to,
    ftp_rate
from matched
union all
select
    account_key,
    month_start_date,
    valid_from,
    valid_to,
    ftp_rate
from demand
