-- Balances by product at the last month-end
-- How to read: what customers keep and owe when the last complete month closed; before the first
-- one, at the last business date. Accounts are those open then, debit cards included.
with last_month as (
    select coalesce(max(month_end_date) filter (where is_complete_month), max(month_end_date)) as month_end_date
    from marts.fct_account_monthly
)

select
    account_months.month_end_date as month_end,
    products.pillar,
    products.product_name as product,
    count(*) filter (where account_months.is_open) as open_account_count,
    sum(account_months.end_balance) as balance
from marts.fct_account_monthly as account_months
inner join last_month on account_months.month_end_date = last_month.month_end_date
inner join marts.dim_product as products on account_months.product_key = products.product_key
group by account_months.month_end_date, products.pillar, products.product_name
order by balance desc, product asc
