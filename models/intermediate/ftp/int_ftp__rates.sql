-- The curve's answer to each request: the latest curve on or before the date, linear between its
-- nodes, flat beyond them. Without an earlier curve there is no row.
with requests as (
    select * from {{ ref('int_ftp__requests') }}
),

nodes as (
    select
        curves.currency_code,
        curves.curve_date,
        tenors.tenor_days,
        curves.rate
    from {{ ref('stg_finance__rate_curves') }} as curves
    inner join {{ ref('tenor') }} as tenors
        on curves.tenor_code = tenors.tenor_code
    where curves.curve_code = 'FTP'
),

curve_of_request as (
    select
        requests.currency_code,
        requests.rate_date,
        requests.tenor_days,
        max(nodes.curve_date) as curve_date
    from requests
    inner join nodes
        on
            requests.currency_code = nodes.currency_code
            and requests.rate_date >= nodes.curve_date
    group by requests.currency_code, requests.rate_date, requests.tenor_days
),

neighbours as (
    select
        asked.currency_code,
        asked.rate_date,
        asked.tenor_days,
        max(nodes.tenor_days) filter (where nodes.tenor_days <= asked.tenor_days) as days_below,
        min(nodes.tenor_days) filter (where nodes.tenor_days >= asked.tenor_days) as days_above,
        arg_max(nodes.rate, nodes.tenor_days) filter (where nodes.tenor_days <= asked.tenor_days) as rate_below,
        arg_min(nodes.rate, nodes.tenor_days) filter (where nodes.tenor_days >= asked.tenor_days) as rate_above
    from curve_of_request as asked
    inner join nodes
        on
            asked.currency_code = nodes.currency_code
            and asked.curve_date = nodes.curve_date
    group by asked.currency_code, asked.rate_date, asked.tenor_days
)

select
    currency_code,
    rate_date,
    tenor_days,
    case
        when rate_below is null then rate_above
        when rate_above is null or days_below = days_above then rate_below
        else {{ interpolate_rate('tenor_days', 'days_below', 'rate_below', 'days_above', 'rate_above') }}
    end as ftp_rate
from neighbours
