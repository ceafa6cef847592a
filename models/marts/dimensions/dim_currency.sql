-- Grain: one currency.
{%- set columns = ['currency_key', 'currency_code', 'currency_name', 'currency_name_zh'] %}

with members as (
    {{ keyed_codes('currency') }}
)

{{ with_special_members(
    'members', columns,
    keys=['currency_key'], names=['currency_name']
) }}
