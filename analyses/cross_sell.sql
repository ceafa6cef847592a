-- Cross-sell: product families per active customer, by month
-- How to read: families held (savings, term deposits, mortgages, ...) over customers who hold anything. A
-- ratio of sums: months and groups may be compared, never averaged.
select
    month_end_date as month_end,
    count(*) filter (where is_active) as active_customer_count,
    sum(product_family_count) as family_count,
    round(sum(product_family_count) / nullif(count(*) filter (where is_active), 0), 2) as families_per_customer
from marts.fct_customer_monthly
where customer_durable_key > 0
group by month_end_date
order by month_end_date
