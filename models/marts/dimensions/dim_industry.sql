-- Grain: one industry of companies or occupation group of persons; an outrigger of dim_customer.
{%- set columns = ['industry_key', 'industry_code', 'industry_kind', 'industry_name', 'industry_name_zh'] %}

with members as (
    {{ keyed_codes('industry') }}
)

{{ with_special_members('members', columns, keys=['industry_key'], names=['industry_name']) }}
