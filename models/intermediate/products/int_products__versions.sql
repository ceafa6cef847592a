{%- set attributes = [
    'product_id', 'product_name', 'product_family', 'product_line', 'pillar', 'day_basis', 'ftp_method', 'ftp_profile_code',
] -%}

-- A member that a full snapshot lacks ends there: the version that follows is marked as deleted.
with snapshots as (
    select
        {{ surrogate_key("'branch'", "product_id") }} as product_durable_key,
        *
    from {{ ref('stg_branch__products') }}
),

deliveries as (
    {{ with_deletions('snapshots', 'product_durable_key') }}
),

product_versions as (
    {{ versions('deliveries', 'product_durable_key', attributes + ['is_deleted']) }}
)

select
    {{ surrogate_key("product_durable_key", "valid_from") }} as product_key,
    * replace (is_current and not is_deleted as is_current)
from product_versions
