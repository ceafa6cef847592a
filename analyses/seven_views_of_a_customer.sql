-- The seven views of one customer: the one with most assets, last month
-- How to read: profile, persistency (how long, how loyal), profitability, performance (what grows),
-- prospects (what could be won), products, promotion (how to reach the customer), one figure a line. Put
-- another customer into the condition to see them; what is unknown has no line.
with customers as (
    select * from marts.mart_customer_seven_views
    order by aum_average_balance desc, customer_durable_key asc
    limit 1
),

texts as (
    select columns(*)::varchar from customers
)

select
    figure,
    figure_value
from (
    unpivot texts on columns(* exclude (customer_key, customer_profile_key, branch_key, manager_key, industry_key))
    into name figure value figure_value
)
