-- The fifty customers with signs of leaving who keep most, and the sign, latest month
-- How to read: the most valuable assets first, with the manager who should call. A customer is listed for the strongest sign there is: no
-- transaction for half a year, 30 % fewer in ninety days than in the ninety before, a third of the assets
-- gone within the month, a grade on watch. The first two need half a year of data. Signs are rules: how many of
-- those listed do leave has not been measured.
with signs as (
    select
        *,
        case
            when activity_sign = 'LOST'
                then 'No transaction for ' || coalesce(cast(recency_days as varchar), 'at least 180') || ' days'
            when activity_sign = 'DECLINING'
                then 'Transactions fell from ' || earlier_transaction_count || ' to ' || recent_transaction_count
            when aum_month_growth_amount < 0 and 3 * -aum_month_growth_amount >= aum_average_balance - aum_month_growth_amount
                then 'Average assets fell by ' || format('{:,}', cast(-aum_month_growth_amount as bigint))
            when is_on_watch then 'Grade ' || grade_code || ' on watch'
        end as reason
    from marts.mart_customer_seven_views
    where is_active
)

select
    customers.full_name as customer,
    branches.branch_name as unit,
    managers.manager_name as manager,
    signs.grade_code as grade,
    signs.value_class_code as value_class,
    signs.aum_average_balance as average_assets,
    signs.year_contribution_amount as year_contribution,
    signs.tenure_months,
    signs.reason
from signs
inner join marts.dim_customer as customers on signs.customer_key = customers.customer_key
inner join marts.dim_branch as branches on signs.branch_key = branches.branch_key
inner join marts.dim_manager as managers on signs.manager_key = managers.manager_key
where signs.reason is not null
order by signs.aum_average_balance - coalesce(signs.aum_month_growth_amount, 0) desc, signs.customer_durable_key asc
limit 50
