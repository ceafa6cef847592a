-- What customers are charged and the unused capacity sum to the cost finance delivered, exactly,
-- in every month for which it delivered every pool.
with charged as (
    select
        month_end_date,
        sum(cost_amount) as cost_amount
    from {{ ref('fct_activity_cost') }}
    group by month_end_date
),

pools as (
    select
        month_end_date,
        sum(cost_amount) as cost_amount
    from {{ ref('int_costs__pool_rates') }}
    group by month_end_date
)

select
    pools.month_end_date,
    pools.cost_amount as pool_cost,
    charged.cost_amount as charged_cost
from pools
full outer join charged on pools.month_end_date = charged.month_end_date
where pools.cost_amount is distinct from charged.cost_amount
