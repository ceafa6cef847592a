-- The 80/20 question: what share of income and of profit does the best fifth of the customers bring?
-- How to read: customers in five equal groups by the contribution of the last twelve months, best first;
-- each with its part of income (margin and fees) and of contribution before tax. A fifth that brings
-- much income and little profit is expensive to serve or risky.
with last_month as (
    select max(month_end_date) as month_end_date from marts.fct_customer_monthly
    where value_rank is not null
),

ranked_customers as (
    select
        customer_months.customer_durable_key,
        ntile(5) over (order by customer_months.value_rank) as fifth
    from marts.fct_customer_monthly as customer_months
    inner join last_month on customer_months.month_end_date = last_month.month_end_date
    where customer_months.value_rank is not null
),

fifths as (
    select
        ranked_customers.fifth,
        count(distinct ranked_customers.customer_durable_key) as customer_count,
        sum(history.contribution_before_cost_amount) as income,
        sum(history.pre_tax_contribution_amount) as contribution
    from ranked_customers
    inner join marts.fct_customer_monthly as history
        on ranked_customers.customer_durable_key = history.customer_durable_key
    inner join last_month
        on
            history.month_end_date <= last_month.month_end_date
            and history.month_end_date > last_month.month_end_date - interval 12 month
    where history.pre_tax_contribution_amount is not null
    group by ranked_customers.fifth
)

select
    fifth,
    customer_count,
    income,
    contribution,
    round(100 * income / nullif(greatest(sum(income) over (), 0), 0), 1) as income_share_percent,
    round(100 * contribution / nullif(greatest(sum(contribution) over (), 0), 0), 1) as contribution_share_percent
from fifths
order by fifth
