{%- set attributes = [
    'source_system', 'account_id', 'account_type', 'product_id', 'branch_id', 'customer_id',
    'currency_code', 'card_type', 'rate_type', 'status', 'opened_date', 'closed_date',
    'maturity_date', 'repricing_date', 'term_days', 'interest_rate', 'credit_limit',
    'principal_amount',
] -%}

with source_records as (
    select * from {{ ref('int_accounts__source_records') }}
),

account_versions as (
    {{ versions('source_records', 'account_durable_key', attributes) }}
)

select
    {{ surrogate_key("account_durable_key", "valid_from") }} as account_key,
    *
from account_versions
