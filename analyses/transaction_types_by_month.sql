-- Transaction types by year and month
-- How to read: what customers and the bank did in each month, reversals and what they took back left
-- out; the amount says how much money moved, whichever way. Cost is known once the month's pools are.
select
    cast(dates.year_number as varchar) as transaction_year,
    dates.month_end_date as month_end,
    transaction_types.transaction_group,
    transaction_types.transaction_type_name as transaction_type,
    sum(entries.business_entry_count) as entry_count,
    sum(entries.net_amount) as amount,
    sum(entries.net_fee_income_amount) as fees,
    sum(entries.cost_amount) as cost_to_serve
from marts.fct_transaction as entries
inner join marts.dim_date as dates on entries.value_date = dates.date_key
inner join marts.dim_transaction_type as transaction_types
    on entries.transaction_type_key = transaction_types.transaction_type_key
group by
    dates.year_number, dates.month_end_date,
    transaction_types.transaction_group, transaction_types.transaction_type_name
having sum(entries.business_entry_count) > 0
order by month_end asc, entry_count desc, transaction_type asc
