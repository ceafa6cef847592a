-- Grain: one account of the general ledger.
{%- set columns = ['gl_account_key', 
    'gl_account_code', 'gl_account_name', 'gl_account_name_zh', 'gl_type', 'subledger_measure',
] %}

with members as (
    {{ keyed_codes('gl_account') }}
)

{{ with_special_members(
    'members', columns,
    keys=['gl_account_key'], names=['gl_account_name']
) }}
