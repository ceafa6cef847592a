{%- set attributes = [
    'product_id', 'product_name', 'product_family', 'product_line', 'pillar', 'day_basis', 'ftp_method', 'ftp_profile_code',
] -%}

with snapshots as (
    select
        {{ surrogate_key("'branch'", "product_id") }} as product_durable_key,
        *
    from {{ ref('stg_branch__products') }}
),

product_versions as (
    {{ versions('snapshots', 'product_durable_key', attributes) }}
)

select
    {{ surrogate_key("product_durable_key", "valid_from") }} as product_key,
    *
from product_versions
