-- Grain: one version of one account, loan or card (SCD type 2); its validity is half-open.
{%- set columns = [
    'account_key', 'account_durable_key', 'source_system', 'account_id', 'account_type', 'product_id', 'branch_id',
    'currency_code', 'card_type', 'rate_type', 'status', 'term_days', 'interest_rate', 'credit_limit',
    'principal_amount', 'is_inferred', 'is_current', 'opened_date', 'closed_date', 'maturity_date', 'valid_from',
    'valid_to',
] %}

with members as (
    select {{ columns | join(', ') }} from {{ ref('int_accounts__members') }}
)

{{ with_special_members(
    'members', columns,
    keys=['account_key', 'account_durable_key'], names=['account_id'],
    values=scd2_special_values()
) }}
