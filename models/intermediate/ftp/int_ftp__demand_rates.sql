-- Price of a demand balance on every day: the tenors of its profile by their weights, on the latest curve
-- up to that day. Null before the first curve. Days of one price are one span.
-- Grain: one profile and currency over some days (half-open).
with profiles as (
    select * from {{ ref('ftp_profile') }}
),

rates as (
    select * from {{ ref('int_ftp__rates') }}
),

priced_dates as (
    select
        profiles.ftp_profile_code,
        dates.currency_code,
        dates.rate_date,
        cast(
            case when count(rates.ftp_rate) = count(*) then sum(profiles.weight * rates.ftp_rate) end as decimal(12, 8)
        ) as ftp_rate
    from {{ ref('int_ftp__demand_dates') }} as dates
    inner join profiles
        on
            {{ valid_on('profiles', 'dates.rate_date') }}
    left join rates
        on
            dates.currency_code = rates.currency_code
            and dates.rate_date = rates.rate_date
            and profiles.tenor_days = rates.tenor_days
    group by profiles.ftp_profile_code, dates.currency_code, dates.rate_date
),

ordered_dates as (
    select
        *,
        row_number() over history as date_number,
        lag(ftp_rate) over history as previous_ftp_rate
    from priced_dates
    window history as (partition by ftp_profile_code, currency_code order by rate_date)
)

select
    ftp_profile_code,
    currency_code,
    ftp_rate,
    rate_date as valid_from,
    lead(rate_date, 1, cast('9999-12-31' as date))
        over (partition by ftp_profile_code, currency_code order by rate_date) as valid_to
from ordered_dates
where date_number = 1 or ftp_rate is distinct from previous_ftp_rate
