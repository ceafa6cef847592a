-- Value classes of customers, last complete month
-- How to read: TOP brings the first 80 per cent of what contributing customers earn, MIDDLE the next 15,
-- SMALL the last 5; NEGATIVE brings nothing or costs money; unknown where no contribution is. Compare how few
-- customers are TOP.
with last_month as (
    select coalesce(max(month_end_date) filter (where is_complete_month), max(month_end_date)) as month_end_date
    from marts.fct_customer_monthly
)

select
    coalesce(bands.band_code, 'unknown') as value_class,
    count(*) as customer_count,
    round(100 * count(*) / sum(count(*)) over (), 1) as customer_share_percent,
    sum(customer_months.year_contribution_amount) as year_contribution,
    sum(customer_months.annuity_value_amount) as annuity_value,
    sum(customer_months.aum_end_balance) as assets_under_management,
    sum(customer_months.loan_end_balance + customer_months.card_end_balance) as debts
from marts.fct_customer_monthly as customer_months
inner join marts.dim_value_band as bands
    on customer_months.value_class_band_key = bands.value_band_key
where customer_months.month_end_date = (select last_month.month_end_date from last_month)
group by bands.band_code, bands.ordinal
order by bands.band_code is null, bands.ordinal
