-- When customers act, by weekday and hour
-- How to read: entries that customers made themselves, by the moment they were posted, without the
-- bank's own runs; the fullest cells are the rush hours that counters and systems must be staffed for.
-- Entries without a time have no hour, and the weekday they count for.
select
    dates.weekday_number,
    dates.weekday_name,
    times.hour_number as hour_of_day,
    times.hour_name,
    sum(entries.business_entry_count) as entry_count,
    coalesce(sum(entries.business_entry_count) filter (where channels.channel_code = 'COUNTER'), 0)
        as counter_entry_count,
    sum(entries.net_amount) as amount
from marts.fct_transaction as entries
inner join marts.dim_date as dates on coalesce(entries.booking_date, entries.value_date) = dates.date_key
inner join marts.dim_time_of_day as times on entries.time_of_day_key = times.time_of_day_key
inner join marts.dim_channel as channels on entries.channel_key = channels.channel_key
inner join marts.dim_transaction_type as transaction_types
    on entries.transaction_type_key = transaction_types.transaction_type_key
where
    transaction_types.is_customer_made
    and channels.channel_group <> 'Bank'
group by dates.weekday_number, dates.weekday_name, times.hour_number, times.hour_name
order by dates.weekday_number, times.hour_number
