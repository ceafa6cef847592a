-- Grain: one class of the five-tier classification.
{%- set columns = [
    'risk_grade_key', 'risk_grade_code', 'risk_grade_name', 'risk_grade_name_zh', 'ordinal',
    'is_non_performing',
] %}

with members as (
    select distinct
        {{ surrogate_key("'risk_grade'", "risk_grade_code") }} as risk_grade_key,
        risk_grade_code,
        risk_grade_name,
        risk_grade_name_zh,
        cast(ordinal as integer) as ordinal,
        is_non_performing
    from {{ ref('risk_grade') }}
)

{{ with_special_members(
    'members', columns,
    keys=['risk_grade_key'], names=['risk_grade_name'],
    values={'ordinal': '0', 'is_non_performing': 'false'}
) }}
