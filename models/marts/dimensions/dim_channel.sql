-- Grain: one channel.
{%- set columns = ['channel_key', 'channel_code', 'channel_name', 'channel_name_zh', 'channel_group', 'is_electronic'] %}

with members as (
    {{ keyed_codes('channel') }}
)

{{ with_special_members(
    'members', columns,
    keys=['channel_key'], names=['channel_name', 'channel_group'], values={'is_electronic': 'false'}
) }}
