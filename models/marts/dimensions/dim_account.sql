-- Grain: one version of one account, loan or card (SCD type 2); its validity is half-open.
{%- set attributes = [
    'source_system', 'account_id', 'account_type', 'product_id', 'branch_id', 'currency_code',
    'card_type', 'rate_type', 'status', 'term_days', 'interest_rate', 'credit_limit',
    'principal_amount',
] %}
{%- set dates = ['opened_date', 'closed_date', 'maturity_date', 'valid_from', 'valid_to'] %}
{%- set columns = ['account_key', 'account_durable_key'] + attributes + ['is_inferred', 'is_current'] + dates %}

with delivered_accounts as (
    select
        *,
        false as is_inferred
    from {{ ref('int_accounts__versions') }}
),

inferred_accounts as (
    select
        *,
        {{ surrogate_key("account_durable_key", "cast('1900-01-01' as date)") }} as account_key,
        true as is_inferred,
        true as is_current,
        cast('1900-01-01' as date) as valid_from,
        cast('9999-12-31' as date) as valid_to
    from {{ ref('int_accounts__inferred') }}
),

members as (
    select {{ columns | join(', ') }} from delivered_accounts
    union all
    select
    {%- for column in columns %}
        {%- if column in [
            'account_key', 'account_durable_key', 'source_system', 'account_id', 'account_type',
            'is_inferred', 'is_current', 'valid_from', 'valid_to',
        ] %}
                {{ column }}
            {%- else %}
                null as {{ column }}
            {%- endif %}{{ "," if not loop.last }}
    {%- endfor %}
    from inferred_accounts
)

{{ with_special_members(
    'members', columns,
    keys=['account_key', 'account_durable_key'], names=['account_id'],
    values=scd2_special_values()
) }}
