-- The cost to serve of a month is the same whether summed over accounts or over activities.
with account_costs as (
    select
        month_end_date,
        customer_durable_key,
        sum(cost_to_serve_amount) as cost_amount
    from {{ ref('fct_profit_monthly') }}
    group by month_end_date, customer_durable_key
),

activity_costs as (
    select
        month_end_date,
        customer_durable_key,
        sum(cost_amount) as cost_amount
    from {{ ref('fct_activity_cost') }}
    where not is_idle
    group by month_end_date, customer_durable_key
)

select
    account_costs.month_end_date,
    account_costs.customer_durable_key,
    account_costs.cost_amount as account_cost,
    activity_costs.cost_amount as activity_cost
from account_costs
full outer join activity_costs
    on
        account_costs.month_end_date = activity_costs.month_end_date
        and account_costs.customer_durable_key = activity_costs.customer_durable_key
where coalesce(account_costs.cost_amount, 0) <> coalesce(activity_costs.cost_amount, 0)
