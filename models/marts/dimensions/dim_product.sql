-- Grain: one version of one product (SCD type 2); its validity is half-open.
{%- set columns = [
    'product_key', 'product_durable_key', 'product_id', 'product_name', 'product_family',
    'product_line', 'pillar', 'day_basis', 'ftp_method', 'ftp_profile_code', 'is_current', 'is_deleted',
    'valid_from', 'valid_to',
] %}

with members as (
    select {{ columns | join(', ') }} from {{ ref('int_products__versions') }}
)

{{ with_special_members(
    'members', columns,
    keys=['product_key', 'product_durable_key'],
    names=['product_name', 'product_family', 'product_line'],
    values=scd2_special_values({'is_deleted': 'false'})
) }}
