-- Segments of active customers by recency, frequency and amount of what they do, last complete month
-- How to read: champions come often, for much, and just came; customers at risk were as good and have not
-- come of late: call them first. Averages are per customer; days count back from the end of the month.
with last_month as (
    select coalesce(max(month_end_date) filter (where is_complete_month), max(month_end_date)) as month_end_date
    from marts.fct_customer_monthly
)

select
    profiles.rfm_segment_name as segment,
    count(*) as customer_count,
    round(avg(customer_months.recency_days), 1) as average_days_since,
    round(avg(customer_months.frequency_count), 1) as average_transactions,
    round(avg(customer_months.monetary_amount), 2) as average_amount,
    sum(customer_months.aum_average_balance) as assets_under_management,
    sum(customer_months.year_contribution_amount) as year_contribution
from marts.fct_customer_monthly as customer_months
inner join marts.dim_customer_profile as profiles
    on customer_months.customer_profile_key = profiles.customer_profile_key
where
    customer_months.month_end_date = (select last_month.month_end_date from last_month)
    and profiles.rfm_segment_code is not null
group by profiles.rfm_segment_name
order by average_days_since asc, average_transactions desc
