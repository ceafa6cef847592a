-- Change of a manager's deposits: growth, and what was taken over or handed on, latest month
-- How to read: a book grows by its customers' money from outside, which counts, and by transfers and
-- customers that come from colleagues, which do not. The last column is what moved without growth.
with stocks as (
    select
        manager_durable_key,
        month_end_date,
        cast(numerator_value as decimal(18, 2)) as deposits,
        cast(lag(numerator_value) over (partition by manager_durable_key order by month_end_date) as decimal(18, 2))
            as deposits_before
    from marts.fct_manager_kpi
    where measure_code = 'DEPOSIT_STOCK'
),

growth as (
    select
        manager_durable_key,
        month_end_date,
        manager_key,
        cast(numerator_value as decimal(18, 2)) as deposit_growth
    from marts.fct_manager_kpi
    where measure_code = 'DEPOSIT_GROWTH'
)

select
    stocks.month_end_date as month_end,
    managers.manager_id,
    managers.manager_name as manager,
    stocks.deposits_before,
    stocks.deposits,
    stocks.deposits - stocks.deposits_before as change_of_deposits,
    growth.deposit_growth as growth,
    stocks.deposits - stocks.deposits_before - growth.deposit_growth as moved_without_growth
from stocks
inner join growth
    on
        stocks.manager_durable_key = growth.manager_durable_key
        and stocks.month_end_date = growth.month_end_date
inner join marts.dim_manager as managers on growth.manager_key = managers.manager_key
where
    stocks.deposits_before is not null
    and stocks.month_end_date = (select max(latest.month_end_date) from stocks as latest)
order by abs(moved_without_growth) desc, managers.manager_id asc
