-- Grain: one kind of entry.
{%- set columns = ['transaction_type_key', 
    'transaction_type_code', 'transaction_type_name', 'transaction_type_name_zh',
    'transaction_group', 'is_customer_made', 'is_interest', 'is_fee',
] %}

with members as (
    {{ keyed_codes('transaction_type') }}
)

{{ with_special_members(
    'members', columns,
    keys=['transaction_type_key'], names=['transaction_type_name', 'transaction_group'],
    values={'is_customer_made': 'false', 'is_interest': 'false', 'is_fee': 'false'}
) }}
