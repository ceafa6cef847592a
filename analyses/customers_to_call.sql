-- Whom each manager should call first, the list that goes back to the branches
-- How to read: five customers a manager, those with a reason to worry before those with something to win,
-- within each the most assets first. A customer's id is that of the branch system, so that the list can be
-- taken up there. A reason: no transaction or far fewer, a grade on watch, assets a third down; an
-- opportunity: a product that most customers of the same kind hold and this one does not.
with customers as (
    select
        last_month.*,
        case
            when last_month.activity_sign = 'LOST' then 'No transaction for half a year'
            when last_month.activity_sign = 'DECLINING' then 'Transactions are falling'
            when last_month.is_on_watch then 'Grade ' || last_month.grade_code || ' on watch'
            when 3 * -last_month.aum_month_growth_amount >= last_month.aum_average_balance - last_month.aum_month_growth_amount
                then 'A third of the assets left within the month'
        end as worry,
        case
            when 2 * last_month.product_rule_holder_count > last_month.product_rule_peer_count
                then 'Offer: ' || last_month.product_rule_family
        end as opportunity
    from marts.mart_customer_seven_views as last_month
    where last_month.is_active
),

branch_ids as (
    select
        customer_durable_key,
        min(source_customer_id) as customer_id
    from marts.bridge_customer_xref
    where is_current and source_system = 'branch'
    group by customer_durable_key
),

ranked as (
    select
        branches.branch_name,
        managers.manager_name,
        branch_ids.customer_id,
        customers.grade_code,
        customers.aum_average_balance,
        customers.preferred_channel_name,
        coalesce(customers.worry, customers.opportunity) as reason,
        row_number() over (
            partition by customers.manager_key
            order by
                (customers.worry is null) asc,
                customers.aum_average_balance - least(coalesce(customers.aum_month_growth_amount, 0), 0) desc,
                customers.customer_durable_key asc
        ) as place
    from customers
    inner join branch_ids on customers.customer_durable_key = branch_ids.customer_durable_key
    inner join marts.dim_manager as managers on customers.manager_key = managers.manager_key
    inner join marts.dim_branch as branches on managers.branch_id = branches.branch_id and branches.is_current
    where coalesce(customers.worry, customers.opportunity) is not null
)

select
    branch_name as branch,
    manager_name as manager,
    place,
    customer_id as customer,
    grade_code as grade,
    aum_average_balance as average_assets,
    preferred_channel_name as preferred_channel,
    reason
from ranked
where place <= 5
order by branch asc, manager asc, place asc
