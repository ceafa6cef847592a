-- Accounts that a balance, an entry or a party names and no system has delivered.
with named_accounts as (
    select
        'branch' as source_system,
        account_id,
        'DEPOSIT' as account_type
    from {{ ref('stg_branch__account_balances') }}
    union
    select
        'branch' as source_system,
        account_id,
        'DEPOSIT' as account_type
    from {{ ref('stg_teller__transactions') }}
    union
    select
        'branch' as source_system,
        account_id,
        'DEPOSIT' as account_type
    from {{ ref('stg_branch__account_parties') }}
    union
    select
        'card' as source_system,
        card_id as account_id,
        'CARD' as account_type
    from {{ ref('stg_card__card_balances') }}
    union
    select
        'card' as source_system,
        card_id as account_id,
        'CARD' as account_type
    from {{ ref('stg_card__card_transactions') }}
    union
    select
        'loan' as source_system,
        loan_id as account_id,
        'LOAN' as account_type
    from {{ ref('stg_loan__loan_statuses') }}
),

keyed_accounts as (
    select
        {{ surrogate_key("source_system", "account_id") }} as account_durable_key,
        source_system,
        account_id,
        account_type
    from named_accounts
),

inferred_accounts as (
    select keyed_accounts.*
    from keyed_accounts
    anti join {{ ref('int_accounts__source_records') }} as delivered
        on keyed_accounts.account_durable_key = delivered.account_durable_key
)

select * from inferred_accounts
