-- Grain: one band of one kind in one validity (half-open).
{%- set columns = [
    'value_band_key', 'band_kind', 'band_code', 'band_name', 'band_name_zh', 'group_code', 'group_name',
    'group_name_zh', 'ordinal', 'is_current', 'valid_from', 'valid_to', 'range_from', 'range_to',
] %}

with members as (
    select
        *,
        {{ surrogate_key("'value_band'", "band_kind", "band_code", "valid_from") }} as value_band_key,
        valid_to = cast('9999-12-31' as date) as is_current
    from {{ ref('value_band') }}
)

{{ with_special_members(
    'members', columns,
    keys=['value_band_key'], names=['band_name'],
    values={
        'ordinal': '0',
        'is_current': 'true',
        'valid_from': "cast('1900-01-01' as date)",
        'valid_to': "cast('9999-12-31' as date)",
    }
) }}
