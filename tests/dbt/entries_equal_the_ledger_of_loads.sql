-- Every row a load accepted is one entry of the fact, and its amounts are the accepted amounts.
with loads as (
    select
        load_id,
        rows_accepted
    from {{ source('ops', 'whole_load') }}
    where (source, feed) in (('teller', 'transaction'), ('card', 'card_transaction'))
),

totals as (
    select
        load_id,
        sum(accepted) filter (where label = 'amount') as amount,
        sum(accepted) filter (where label = 'fee_amount') as fee_amount
    from {{ source('ops', 'load_total') }}
    group by load_id
),

entries as (
    select
        load_id,
        count(*) as row_count,
        sum(amount) as amount,
        sum(fee_amount) as fee_amount
    from {{ ref('fct_transaction') }}
    group by load_id
)

select
    loads.load_id,
    loads.rows_accepted,
    totals.amount as accepted_amount,
    entries.row_count,
    entries.amount
from loads
inner join totals on loads.load_id = totals.load_id
full outer join entries on loads.load_id = entries.load_id
where
    loads.rows_accepted is distinct from coalesce(entries.row_count, 0)
    or totals.amount is distinct from coalesce(entries.amount, 0)
    or totals.fee_amount is distinct from coalesce(entries.fee_amount, 0)
