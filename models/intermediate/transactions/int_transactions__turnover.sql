-- Turnover of companies as their deposit accounts show it: credits of the kinds in seed
-- turnover_type, net of reversals, without what came from another account of the same company.
-- Grain: one company, currency and month with an entry.
with credits as (
    select
        entries.value_date,
        entries.account_durable_key,
        entries.customer_durable_key,
        entries.currency_key,
        entries.counterparty_account,
        entries.net_amount
    from {{ ref('int_transactions__owned_entries') }} as entries
    inner join {{ ref('int_customers__members') }} as customers
        on
            entries.customer_durable_key = customers.customer_durable_key
            and {{ valid_on('customers', 'entries.value_date') }}
    inner join {{ ref('turnover_type') }} as turnover_types
        on
            entries.transaction_type_code = turnover_types.transaction_type_code
            and {{ valid_on('turnover_types', 'entries.value_date') }}
    where
        entries.source_system = 'teller'
        and entries.debit_credit = 'C'
        and not entries.is_reversal
        and customers.customer_type = 'CORPORATE'
),

own_accounts as (
    select
        account_versions.account_id,
        lead_owners.customer_durable_key,
        lead_owners.valid_from,
        lead_owners.valid_to
    from {{ ref('int_accounts__members') }} as account_versions
    inner join {{ ref('int_accounts__lead_owners') }} as lead_owners
        on account_versions.account_durable_key = lead_owners.account_durable_key
    where
        account_versions.source_system = 'branch'
        and account_versions.is_current
),

turnover as (
    select credits.*
    from credits
    left join own_accounts
        on
            credits.counterparty_account = own_accounts.account_id
            and credits.customer_durable_key = own_accounts.customer_durable_key
            and {{ valid_on('own_accounts', 'credits.value_date') }}
    where own_accounts.account_id is null
)

select
    customer_durable_key,
    currency_key,
    last_day(value_date) as month_end_date,
    cast(sum(net_amount) as decimal(18, 2)) as turnover_amount
from turnover
group by customer_durable_key, currency_key, last_day(value_date)
