-- What one entry costs, by type and channel
-- How to read: cost to serve of an entry of each type in each channel against the fee it brings; the
-- same business is far dearer at the counter than on a phone. The bank's own postings cause no
-- activity; empty costs are unknown (finance delivered no pools).
select
    transaction_types.transaction_type_name as transaction_type,
    channels.channel_name as channel,
    activities.activity_name as activity,
    count(*) as entry_count,
    sum(entries.cost_amount) as cost_to_serve,
    round(sum(entries.cost_amount) / count(*) filter (where entries.cost_amount is not null), 2) as cost_per_entry,
    round(sum(entries.net_fee_income_amount) / count(*), 2) as fee_per_entry
from marts.fct_transaction as entries
inner join marts.dim_transaction_type as transaction_types
    on entries.transaction_type_key = transaction_types.transaction_type_key
inner join marts.dim_channel as channels on entries.channel_key = channels.channel_key
inner join marts.dim_activity as activities on entries.activity_key = activities.activity_key
where entries.activity_key > 0
group by transaction_types.transaction_type_name, channels.channel_name, activities.activity_name
order by cost_per_entry desc nulls last, entry_count desc, transaction_type asc, channel asc
