{{ config(materialized='incremental', meta={'rebuild_column': 'activity_date', 'rebuild_unit': 'day'}) }}

-- What customers did themselves: entries of kinds that a customer makes, through a channel that is not
-- the bank's own posting (interest, batch fees, standing orders and salaries are no activity). An entry
-- and its reversals are one activity, whichever side and sign the reversals have: it counts as long as
-- something of it is left, with what is left, and a reversal changes that on its own day. The lead owner
-- of an account acts.
-- Grain: one customer on one day with such an entry or its reversal.
with entries as (
    select * from {{ ref('int_transactions__owned_entries') }}
),

customer_made_entries as (
    select * from entries
    where is_customer_made and not is_of_the_bank and not is_reversal
),

-- Positive is the side of the first entry.
chain_days as (
    select
        first_entries.source_system,
        first_entries.transaction_id,
        entries.customer_durable_key,
        greatest(entries.value_date, first_entries.value_date) as activity_date,
        sum(case first_entries.debit_credit when 'C' then 1 else -1 end * entries.signed_amount) as amount
    from customer_made_entries as first_entries
    inner join entries
        on
            first_entries.source_system = entries.source_system
            and first_entries.transaction_id = entries.first_transaction_id
    group by all
),

chain_changes as (
    select
        *,
        sum(amount) over (
            partition by source_system, transaction_id
            order by activity_date, customer_durable_key
            rows between unbounded preceding and current row
        ) as left_amount
    from chain_days
),

activities as (
    select
        customer_durable_key,
        value_date as activity_date,
        1 as entry_count,
        amount
    from customer_made_entries
    where first_transaction_id is null
    union all
    select
        customer_durable_key,
        activity_date,
        cast(left_amount <> 0 as integer) - cast(left_amount - amount <> 0 as integer) as entry_count,
        amount
    from chain_changes
)

select
    customer_durable_key,
    activity_date,
    bool_or(entry_count > 0) as has_acted,
    cast(sum(entry_count) as integer) as entry_count,
    cast(sum(amount) as decimal(18, 2)) as amount
from activities
where activity_date >= {{ refresh_from() }} and customer_durable_key > 0
group by customer_durable_key, activity_date
