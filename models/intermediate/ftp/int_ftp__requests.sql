-- Every rate that funds transfer pricing is asked for: currency, date of the curve, days.
with account_versions as (
    select * from {{ ref('int_accounts__versions') }}
),

products as (
    select * from {{ ref('int_products__versions') }}
),

matched as (
    select distinct
        account_versions.currency_code,
        {{ matched_rate_date('account_versions') }} as rate_date,
        cast(account_versions.term_days as decimal(10, 2)) as tenor_days
    from account_versions
    inner join products
        on
            account_versions.product_id = products.product_id
            and products.ftp_method = 'MATCHED'
    where account_versions.term_days is not null
),

demand as (
    select distinct
        account_versions.currency_code,
        dates.rate_date,
        profiles.tenor_days
    from account_versions
    inner join products
        on
            account_versions.product_id = products.product_id
            and products.ftp_method = 'DEMAND'
    inner join {{ ref('ftp_profile') }} as profiles
        on products.ftp_profile_code = profiles.ftp_profile_code
    inner join {{ ref('int_ftp__demand_dates') }} as dates
        on account_versions.currency_code = dates.currency_code
)

select
    currency_code,
    rate_date,
    tenor_days
from matched
union
select
    currency_code,
    rate_date,
    tenor_days
from demand
