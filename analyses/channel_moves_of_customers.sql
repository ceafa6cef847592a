-- Customers who moved between counter and electronic channels
-- How to read: customers by where they made most of their entries in one month and in the next (ties
-- count for the counter); "to electronic" is the migration the bank wants, "to counter" the way back,
-- "silent" made no entry of their own in the later month.
with customer_months as (
    select
        entries.customer_durable_key,
        dates.month_end_date,
        count(*) filter (where channels.is_electronic) > count(*) filter (where not channels.is_electronic)
            as is_electronic
    from marts.fct_transaction as entries
    inner join marts.dim_date as dates on entries.value_date = dates.date_key
    inner join marts.dim_channel as channels on entries.channel_key = channels.channel_key
    inner join marts.dim_transaction_type as transaction_types
        on entries.transaction_type_key = transaction_types.transaction_type_key
    where
        transaction_types.is_customer_made
        and (channels.is_electronic or channels.channel_group = 'Counter')
        and entries.business_entry_count = 1
    group by entries.customer_durable_key, dates.month_end_date
),

last_month as (
    select max(month_end_date) as month_end_date from customer_months
),

moves as (
    select
        last_day(earlier.month_end_date + interval 1 day) as month_end,
        case
            when later.customer_durable_key is null then 'silent'
            when earlier.is_electronic and later.is_electronic then 'stayed electronic'
            when later.is_electronic then 'to electronic'
            when earlier.is_electronic then 'to counter'
            else 'stayed at the counter'
        end as channel_move
    from customer_months as earlier
    inner join last_month on earlier.month_end_date < last_month.month_end_date
    left join customer_months as later
        on
            earlier.customer_durable_key = later.customer_durable_key
            and last_day(earlier.month_end_date + interval 1 day) = later.month_end_date
)

select
    month_end,
    channel_move,
    count(*) as customer_count
from moves
group by month_end, channel_move
order by month_end, channel_move
