-- Customers below marginal cost and the line that puts them there, complete months
-- How to read: months of customers whose contribution before tax is negative, by the largest of the three
-- burdens: credit loss, cost to serve, funding (a negative margin). The worst cause comes first.
select
    below_cost_cause as cause,
    count(*) as customer_month_count,
    count(distinct customer_durable_key) as customer_count,
    sum(pre_tax_contribution_amount) as contribution,
    sum(ftp_margin_amount) as margin,
    sum(cost_to_serve_amount) as cost_to_serve,
    sum(expected_loss_amount) as credit_loss
from marts.fct_customer_monthly
where is_complete_month and is_below_marginal_cost
group by below_cost_cause
order by contribution
