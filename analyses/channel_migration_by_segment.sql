-- Channel migration: share of the counter by month and customer segment
-- How to read: of the entries that customers made at the counter or electronically, the share made at
-- the counter; it should fall. Shares are ratios of sums; the last month may be a month to date.
select
    dates.month_end_date as month_end,
    customers.customer_type as segment,
    coalesce(sum(entries.business_entry_count) filter (where channels.channel_group = 'Counter'), 0)
        as counter_entry_count,
    coalesce(sum(entries.business_entry_count) filter (where channels.is_electronic), 0)
        as electronic_entry_count,
    round(
        100 * coalesce(sum(entries.business_entry_count) filter (where channels.channel_group = 'Counter'), 0)
        / nullif(sum(entries.business_entry_count), 0), 1
    ) as counter_share_percent
from marts.fct_transaction as entries
inner join marts.dim_date as dates on entries.value_date = dates.date_key
inner join marts.dim_customer as customers on entries.customer_key = customers.customer_key
inner join marts.dim_channel as channels on entries.channel_key = channels.channel_key
inner join marts.dim_transaction_type as transaction_types
    on entries.transaction_type_key = transaction_types.transaction_type_key
where
    transaction_types.is_customer_made
    and (channels.is_electronic or channels.channel_group = 'Counter')
group by dates.month_end_date, customers.customer_type
order by month_end, segment
