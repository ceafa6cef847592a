-- Value classes of customers, last month
-- How to read: TOP brings the first 80 per cent of what contributing customers earn, MIDDLE the next 15,
-- SMALL the last 5; NEGATIVE brings nothing or costs money. Compare how few customers are TOP.
select
    bands.band_name as value_class,
    count(*) as customer_count,
    round(100 * count(*) / sum(count(*)) over (), 1) as customer_share_percent,
    sum(customer_months.year_contribution_amount) as year_contribution,
    sum(customer_months.lifetime_value_amount) as lifetime_value,
    sum(customer_months.aum_end_balance) as assets_under_management,
    sum(customer_months.loan_end_balance + customer_months.card_end_balance) as debts
from marts.fct_customer_monthly as customer_months
inner join marts.dim_value_band as bands
    on customer_months.value_class_band_key = bands.value_band_key
where customer_months.month_end_date = (select max(latest.month_end_date) from marts.fct_customer_monthly as latest)
group by bands.band_name, bands.ordinal
order by bands.ordinal
