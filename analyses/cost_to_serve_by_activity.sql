-- Cost to serve by activity, and unused capacity
-- How to read: what each activity cost, how often it occurred and what one cost; unused capacity is
-- charged to nobody, and is negative where more was done than the pool is made for.
select
    cost_rows.month_end_date as month_end,
    activities.cost_pool_code as cost_pool,
    activities.activity_name as activity,
    round(sum(cost_rows.event_count), 2) as event_count,
    sum(cost_rows.cost_amount) as cost_to_serve,
    round(sum(cost_rows.cost_amount) / nullif(sum(cost_rows.event_count), 0), 2) as cost_per_event
from marts.fct_activity_cost as cost_rows
inner join marts.dim_activity as activities on cost_rows.activity_key = activities.activity_key
group by cost_rows.month_end_date, activities.cost_pool_code, activities.activity_name
order by month_end asc, cost_pool asc, cost_to_serve desc, activity asc
