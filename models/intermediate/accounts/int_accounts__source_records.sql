{{ config(materialized='ephemeral') }}

-- Accounts of three systems in one shape: deposits, loans, cards. One row per account and night
-- on which it was delivered.
with deposits as (
    select
        'branch' as source_system,
        account_id,
        'DEPOSIT' as account_type,
        product_id,
        branch_id,
        cast(null as varchar) as customer_id,
        currency_code,
        cast(null as varchar) as card_type,
        rate_type,
        status,
        opened_date,
        closed_date,
        maturity_date,
        repricing_date,
        term_days,
        interest_rate,
        cast(null as decimal(18, 2)) as credit_limit,
        cast(null as decimal(18, 2)) as principal_amount,
        business_date
    from {{ ref('stg_branch__accounts') }}
),

loans as (
    select
        'loan' as source_system,
        loan_id as account_id,
        'LOAN' as account_type,
        product_id,
        branch_id,
        customer_id,
        currency_code,
        cast(null as varchar) as card_type,
        rate_type,
        status,
        origination_date as opened_date,
        cast(null as date) as closed_date,
        maturity_date,
        repricing_date,
        term_days,
        interest_rate,
        cast(null as decimal(18, 2)) as credit_limit,
        principal_amount,
        business_date
    from {{ ref('stg_loan__loans') }}
),

cards as (
    select
        'card' as source_system,
        card_id as account_id,
        'CARD' as account_type,
        product_id,
        branch_id,
        customer_id,
        currency_code,
        card_type,
        cast(null as varchar) as rate_type,
        status,
        issued_date as opened_date,
        cast(null as date) as closed_date,
        expiry_date as maturity_date,
        cast(null as date) as repricing_date,
        cast(null as integer) as term_days,
        interest_rate,
        credit_limit,
        cast(null as decimal(18, 2)) as principal_amount,
        business_date
    from {{ ref('stg_card__cards') }}
),

all_records as (
    select * from deposits
    union all
    select * from loans
    union all
    select * from cards
)

select
    {{ surrogate_key("source_system", "account_id") }} as account_durable_key,
    *
from all_records
