-- Range of balances in the next three months, if they drift as they did
-- How to read: per currency and pillar, the last balance carried on by its mean change a month
-- (drift). The range is 1.28 standard deviations of the monthly changes, wider the further ahead: in
-- four of five cases the balance would lie in it, if the changes were independent and normal. It is no proven
-- forecast: "stays as it is" may come closer. With one complete month there is no path, with two a path and
-- no range; seasons need more than a year and are not in it.
with month_ends as (
    select
        months.month_end_date,
        currencies.currency_code as currency,
        products.pillar,
        sum(months.end_balance) as balance
    from marts.fct_account_monthly as months
    inner join marts.dim_product as products on months.product_key = products.product_key
    inner join marts.dim_currency as currencies on months.currency_key = currencies.currency_key
    where months.is_complete_month and products.pillar in ('LIABILITY', 'ASSET')
    group by months.month_end_date, currencies.currency_code, products.pillar
),

changes as (
    select
        *,
        balance - lag(balance) over (partition by currency, pillar order by month_end_date) as balance_change
    from month_ends
),

drifts as (
    select
        currency,
        pillar,
        max(month_end_date) as last_month_end_date,
        arg_max(balance, month_end_date) as last_balance,
        count(balance_change) as change_count,
        avg(balance_change) as mean_change,
        stddev_samp(balance_change) as deviation
    from changes
    group by currency, pillar
)

select
    drifts.currency,
    drifts.pillar,
    last_day(drifts.last_month_end_date + to_months(cast(steps.step as integer))) as month_end,
    drifts.last_balance,
    cast(drifts.last_balance + steps.step * drifts.mean_change as decimal(18, 2)) as drifted_balance,
    cast(
        drifts.last_balance + steps.step * drifts.mean_change - 1.28 * drifts.deviation * sqrt(steps.step)
        as decimal(18, 2)
    ) as low,
    cast(
        drifts.last_balance + steps.step * drifts.mean_change + 1.28 * drifts.deviation * sqrt(steps.step)
        as decimal(18, 2)
    ) as high,
    drifts.change_count as months_of_change
from drifts
cross join unnest([1, 2, 3]) as steps (step)
order by drifts.currency asc, drifts.pillar asc, month_end asc
