-- Customers about to leave, and what says so, last month
-- How to read: the most valuable assets first. A customer is listed for the strongest sign there is: no
-- transaction for half a year, 30 % fewer in ninety days than in the ninety before, a third of the assets
-- gone within the month, a grade on watch. The first two need half a year of data.
with signs as (
    select
        *,
        case
            when churn_label = 'LOST'
                then 'No transaction for ' || coalesce(cast(recency_days as varchar), 'at least 180') || ' days'
            when churn_label = 'DECLINING'
                then 'Transactions fell from ' || earlier_transaction_count || ' to ' || recent_transaction_count
            when aum_month_growth_amount < 0 and 3 * -aum_month_growth_amount >= aum_average_balance - aum_month_growth_amount
                then 'Average assets fell by ' || -aum_month_growth_amount
            when is_on_watch then 'Grade ' || grade_code || ' on watch'
        end as reason
    from marts.mart_customer_seven_views
    where is_active
)

select
    customer_durable_key as customer,
    grade_code as grade,
    value_class_code as value_class,
    aum_average_balance as average_assets,
    year_contribution_amount as year_contribution,
    tenure_months,
    reason
from signs
where reason is not null
order by aum_average_balance - coalesce(aum_month_growth_amount, 0) desc, customer_durable_key asc
limit 50
