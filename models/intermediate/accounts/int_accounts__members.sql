{%- set versioned = ['account_key', 'account_durable_key', 'source_system', 'account_id', 'account_type'] %}
{%- set attributes = [
    'product_id', 'branch_id', 'currency_code', 'card_type', 'rate_type', 'status', 'opened_date', 'closed_date',
    'maturity_date', 'term_days', 'interest_rate', 'credit_limit', 'principal_amount',
] %}

-- Every account, loan and card that a system has delivered or a fact names.
-- Grain: one version of one account (half-open validity); an inferred account has one for all time.
select
    {{ (versioned + attributes) | join(',\n    ') }},
    false as is_inferred,
    is_current,
    valid_from,
    valid_to
from {{ ref('int_accounts__versions') }}
union all by name
select
    {{ surrogate_key("account_durable_key", "cast('1900-01-01' as date)") }} as account_key,
    account_durable_key,
    source_system,
    account_id,
    account_type,
    true as is_inferred,
    true as is_current,
    cast('1900-01-01' as date) as valid_from,
    cast('9999-12-31' as date) as valid_to
from {{ ref('int_accounts__inferred') }}
