{{ config(materialized='incremental', meta={'rebuild_column': 'activity_date', 'rebuild_unit': 'day'}) }}

-- What customers did themselves: entries of kinds that a customer makes, through a channel that is not
-- the bank's own posting (interest, batch fees, standing orders and salaries are no activity). A reversal
-- takes its entry back on the day of the reversal. The lead owner of an account acts.
-- Grain: one customer on one day with such an entry or its reversal.
with entries as (
    select * from {{ ref('int_transactions__owned_entries') }}
    where value_date >= {{ refresh_from() }} and customer_durable_key > 0
),

customer_made_entries as (
    select * from {{ ref('int_transactions__owned_entries') }}
    where is_customer_made and not is_of_the_bank and not is_reversal
),

activities as (
    select
        customer_durable_key,
        value_date as activity_date,
        1 as entry_count,
        amount
    from customer_made_entries
    where value_date >= {{ refresh_from() }} and customer_durable_key > 0
    union all
    select
        entries.customer_durable_key,
        entries.value_date as activity_date,
        -1 as entry_count,
        -entries.amount as amount
    from entries
    inner join customer_made_entries
        on
            entries.source_system = customer_made_entries.source_system
            and entries.reversal_of_transaction_id = customer_made_entries.transaction_id
)

select
    customer_durable_key,
    activity_date,
    bool_or(entry_count > 0) as has_acted,
    cast(sum(entry_count) as integer) as entry_count,
    cast(sum(amount) as decimal(18, 2)) as amount
from activities
group by customer_durable_key, activity_date
