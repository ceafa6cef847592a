-- Grain: one currency.
{%- set columns = ['currency_key', 'currency_code', 'currency_name', 'currency_name_zh'] %}

with members as (
    select
        {{ surrogate_key("'currency'", "currency_code") }} as currency_key,
        *
    from {{ ref('currency') }}
)

{{ with_special_members(
    'members', columns,
    keys=['currency_key'], names=['currency_name']
) }}
