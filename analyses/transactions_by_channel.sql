-- Transactions by channel
-- How to read: where customers act; the counter is the dear channel, so its share is what migration
-- to electronic channels should lower.
select
    channels.channel_name as channel,
    count(*) as entry_count,
    round(100 * count(*) / sum(count(*)) over (), 1) as share_percent,
    sum(entries.amount) as amount,
    sum(entries.fee_income_amount) as fees
from marts.fct_transaction as entries
inner join marts.dim_channel as channels on entries.channel_key = channels.channel_key
group by channels.channel_name
order by entry_count desc, channel asc
