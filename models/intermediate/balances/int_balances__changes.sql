{{ config(materialized='ephemeral') }}

-- End-of-day balances as delivered: deposits as they stand, loans by principal, cards by amount owed.
select
    {{ surrogate_key("'branch'", "account_id") }} as account_durable_key,
    business_date,
    balance
from {{ ref('stg_branch__account_balances') }}
union all
select
    {{ surrogate_key("'loan'", "loan_id") }} as account_durable_key,
    business_date,
    principal_balance as balance
from {{ ref('stg_loan__loan_statuses') }}
union all
select
    {{ surrogate_key("'card'", "card_id") }} as account_durable_key,
    business_date,
    balance
from {{ ref('stg_card__card_balances') }}
