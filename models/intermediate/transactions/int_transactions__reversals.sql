-- Entries that a reversal took back, and the reversals that took them back, as chains: a reversal
-- may itself be reversed. A reversal joins the chain of the entry it names only if that entry was
-- posted to the same account; one that names an unknown entry, or an entry of another account, is
-- in no chain and stands for itself, so that netting never moves money between accounts.
-- Grain: one entry of a chain. The first entry carries what is left of the chain, the others nothing.
with recursive entries as (
    select
        *,
        {{ signed_amount() }} as signed_amount
    from {{ ref('int_transactions__entries') }}
),

reversals as (
    select
        source_system,
        account_id,
        transaction_id,
        reversal_of_transaction_id,
        signed_amount,
        fee_amount
    from entries
    where reversal_of_transaction_id is not null
),

reversed_entries as (
    select
        entries.source_system,
        entries.account_id,
        entries.transaction_id,
        entries.signed_amount,
        entries.fee_amount,
        coalesce(transaction_types.is_fee, false) as is_fee
    from entries
    left join {{ ref('transaction_type') }} as transaction_types
        on entries.transaction_type_code = transaction_types.transaction_type_code
    where
        entries.reversal_of_transaction_id is null
        and (entries.source_system, entries.account_id, entries.transaction_id) in (
            select
                reversals.source_system,
                reversals.account_id,
                reversals.reversal_of_transaction_id
            from reversals
        )
),

chains as (
    select
        source_system,
        account_id,
        transaction_id,
        transaction_id as first_transaction_id,
        signed_amount,
        fee_amount,
        is_fee
    from reversed_entries
    union all
    select
        reversals.source_system,
        reversals.account_id,
        reversals.transaction_id,
        chains.first_transaction_id,
        reversals.signed_amount,
        reversals.fee_amount,
        chains.is_fee
    from reversals
    inner join chains
        on
            reversals.source_system = chains.source_system
            and reversals.account_id = chains.account_id
            and reversals.reversal_of_transaction_id = chains.transaction_id
),

left_over as (
    select
        source_system,
        first_transaction_id,
        sum(signed_amount) as signed_amount,
        sum(fee_amount) - case when is_fee then sum(signed_amount) else 0 end as fee_income_amount
    from chains
    group by source_system, first_transaction_id, is_fee
)

select
    chains.source_system,
    chains.transaction_id,
    chains.first_transaction_id,
    chains.is_fee,
    chains.transaction_id = chains.first_transaction_id and left_over.signed_amount = 0 as is_reversed,
    cast(
        case when chains.transaction_id = chains.first_transaction_id then left_over.signed_amount else 0 end
        as decimal(18, 2)
    ) as net_signed_amount,
    cast(
        case when chains.transaction_id = chains.first_transaction_id then left_over.fee_income_amount else 0 end
        as decimal(18, 2)
    ) as net_fee_income_amount
from chains
inner join left_over
    on
        chains.source_system = left_over.source_system
        and chains.first_transaction_id = left_over.first_transaction_id
