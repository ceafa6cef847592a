-- Customers below marginal cost and the line that puts them there, complete months
-- How to read: customers whose contribution before tax is negative, by the largest of the three
-- causes: funding (a negative margin), cost to serve, credit loss.
with customers as (
    select
        customer_durable_key,
        sum(pre_tax_contribution_amount) as contribution,
        greatest(-sum(ftp_margin_amount), 0) as funding,
        sum(cost_to_serve_amount) as cost_to_serve,
        sum(expected_loss_amount) as credit_loss
    from marts.fct_profit_monthly
    where is_complete_month and pre_tax_contribution_amount is not null
    group by customer_durable_key
),

causes as (
    select
        contribution,
        case greatest(funding, cost_to_serve, credit_loss)
            when credit_loss then 'Credit loss'
            when funding then 'Funding'
            else 'Cost to serve'
        end as cause
    from customers
    where contribution < 0
)

select
    cause,
    count(*) as customer_count,
    sum(contribution) as contribution
from causes
group by cause
order by contribution
