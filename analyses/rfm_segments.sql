-- Segments of active customers by recency, frequency and amount of what they do, last month
-- How to read: champions come often, for much, and just came; customers at risk were as good and have not
-- come of late: call them first. Averages are per customer; days count back from the last business date.
select
    profiles.rfm_segment_name as segment,
    count(*) as customer_count,
    round(avg(customer_months.recency_days), 1) as average_days_since,
    round(avg(customer_months.frequency_count), 1) as average_transactions,
    round(avg(customer_months.monetary_amount), 2) as average_amount,
    sum(customer_months.aum_average_balance) as average_assets,
    sum(customer_months.year_contribution_amount) as year_contribution
from marts.fct_customer_monthly as customer_months
inner join marts.dim_customer_profile as profiles
    on customer_months.customer_profile_key = profiles.customer_profile_key
where
    customer_months.month_end_date = (select max(latest.month_end_date) from marts.fct_customer_monthly as latest)
    and profiles.rfm_segment_code is not null
group by profiles.rfm_segment_name
order by average_days_since asc, average_transactions desc
