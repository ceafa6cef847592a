{{ config(materialized='ephemeral') }}

-- Days from which the price of a demand balance may change: each day of a curve, and each day on which
-- the tenors of a profile change. The beginning of time is one of them.
-- Grain: one currency and day.
with curve_dates as (
    select distinct
        currency_code,
        curve_date
    from {{ ref('stg_finance__rate_curves') }}
    where curve_code = 'FTP'
)

select
    currency_code,
    curve_date as rate_date
from curve_dates
union
select
    curve_dates.currency_code,
    profiles.valid_from as rate_date
from curve_dates
cross join {{ ref('ftp_profile') }} as profiles
union
select
    currency_code,
    cast('1900-01-01' as date) as rate_date
from curve_dates
