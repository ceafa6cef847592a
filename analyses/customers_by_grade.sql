-- Customers by grade: what each group keeps, brings and does, last complete month
-- How to read: grades go by monthly average assets, up at once and down only after the watch. The assets of
-- a group against its number show how much hangs on the key customers; income and cross-sell tell what the
-- bank makes of them; share of wallet, where customers have stated it, what is still to be won.
with last_month as (
    select coalesce(max(month_end_date) filter (where is_complete_month), max(month_end_date)) as month_end_date
    from marts.fct_customer_monthly
)

select
    customer_months.grade_code as grade,
    profiles.grade_group_name as customer_group,
    count(*) filter (where customer_months.is_active) as active_customer_count,
    count(*) filter (where customer_months.is_on_watch) as on_watch_count,
    sum(customer_months.aum_average_balance) as average_assets,
    sum(customer_months.loan_end_balance + customer_months.card_end_balance) as debts,
    sum(customer_months.contribution_before_cost_amount) as income,
    round(
        sum(customer_months.product_family_count) / nullif(count(*) filter (where customer_months.is_active), 0), 2
    ) as families_per_customer,
    round(100 * sum(customer_months.wallet_own_balance) / nullif(greatest(sum(customer_months.wallet_balance), 0), 0), 1)
        as share_of_wallet_percent
from marts.fct_customer_monthly as customer_months
inner join marts.dim_customer_profile as profiles
    on customer_months.customer_profile_key = profiles.customer_profile_key
where
    customer_months.month_end_date = (select last_month.month_end_date from last_month)
    and customer_months.grade_code is not null
group by customer_months.grade_code, profiles.grade_group_name
order by customer_months.grade_code
