{{ config(materialized='ephemeral') }}

-- Money that an account got from or gave to other accounts of the bank on a business date: those of
-- its own customers, and those of others. A reversal takes back what the entry was that it reverses.
-- Grain: one account and business date from refresh_from on, net.
with entries as (
    select
        entries.*,
        {{ surrogate_key("'branch'", "entries.account_id") }} as account_durable_key,
        coalesce(originals.transaction_type_code, entries.transaction_type_code) as kind_code,
        coalesce(entries.counterparty_account, originals.counterparty_account) as counterparty_id
    from {{ ref('stg_teller__transactions') }} as entries
    left join {{ ref('stg_teller__transactions') }} as originals
        on
            entries.reversal_of_transaction_id = originals.transaction_id
            and entries.business_date >= originals.business_date
    where entries.business_date >= {{ refresh_from() }}
),

owners as (
    select * from {{ ref('int_accounts__owners') }}
    where customer_durable_key > 0
),

inside_entries as (
    select
        entries.transaction_id,
        bool_or(counterparty_owners.customer_durable_key = owners.customer_durable_key) as is_own
    from entries
    inner join owners as counterparty_owners
        on
            {{ surrogate_key("'branch'", "entries.counterparty_id") }} = counterparty_owners.account_durable_key
            and {{ valid_on('counterparty_owners', 'entries.business_date') }}
    left join owners
        on
            entries.account_durable_key = owners.account_durable_key
            and {{ valid_on('owners', 'entries.business_date') }}
    where entries.counterparty_id is not null
    group by entries.transaction_id
),

-- The bank itself says that an internal transfer is one between own accounts.
classified_entries as (
    select
        entries.account_durable_key,
        entries.business_date,
        case
            when entries.kind_code in ('INTERNAL_IN', 'INTERNAL_OUT') or inside_entries.is_own then 'OWN'
            else 'BANK'
        end as transfer_kind,
        case entries.debit_credit when 'C' then entries.amount else -entries.amount end as signed_amount
    from entries
    left join inside_entries on entries.transaction_id = inside_entries.transaction_id
    where
        entries.kind_code in ('INTERNAL_IN', 'INTERNAL_OUT')
        or inside_entries.transaction_id is not null
)

select
    account_durable_key,
    business_date,
    cast(coalesce(sum(signed_amount) filter (where transfer_kind = 'OWN'), 0) as decimal(18, 2)) as own_amount,
    cast(coalesce(sum(signed_amount) filter (where transfer_kind = 'BANK'), 0) as decimal(18, 2)) as bank_amount
from classified_entries
group by account_durable_key, business_date
