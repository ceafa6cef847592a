-- Reversals by month and type of the entry they took back
-- How to read: entries that were reversed whole and the share they are of all entries of their type;
-- a rising share points at a system or a counter that makes mistakes. Types without a reversal are
-- left out.
select
    last_day(entries.value_date) as month_end,
    transaction_types.transaction_type_name as transaction_type,
    count(*) filter (where entries.is_reversed) as reversed_count,
    sum(entries.amount) filter (where entries.is_reversed) as reversed_amount,
    count(*) as entry_count,
    round(1000 * count(*) filter (where entries.is_reversed) / count(*), 2) as reversed_per_thousand
from marts.fct_transaction as entries
inner join marts.dim_transaction_type as transaction_types
    on entries.transaction_type_key = transaction_types.transaction_type_key
where not entries.is_reversal
group by last_day(entries.value_date), transaction_types.transaction_type_name
having count(*) filter (where entries.is_reversed) > 0
order by month_end asc, reversed_count desc, transaction_type asc
