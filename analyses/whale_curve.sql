-- Whale curve of customers by profit contribution, complete months
-- How to read: customers in ten groups, best first; the cumulative share passes 100 % where the good
-- customers have earned what the last groups lose again. Ties go by customer key.
with customers as (
    select
        customer_durable_key,
        sum(pre_tax_contribution_amount) as contribution
    from marts.fct_customer_monthly
    where is_complete_month and pre_tax_contribution_amount is not null
    group by customer_durable_key
),

ranked_customers as (
    select
        contribution,
        ntile(10) over (order by contribution desc, customer_durable_key asc) as decile
    from customers
),

deciles as (
    select
        decile,
        count(*) as customer_count,
        sum(contribution) as contribution
    from ranked_customers
    group by decile
)

select
    decile,
    customer_count,
    contribution,
    round(100 * sum(contribution) over (order by decile) / nullif(greatest(sum(contribution) over (), 0), 0), 1)
        as cumulative_share_percent
from deciles
order by decile
