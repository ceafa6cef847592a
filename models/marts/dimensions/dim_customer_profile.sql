{#- Codes that make a profile, with the seed that names them: a kind of band, or none. -#}
{%- set codes_of_bands = {
    'grade': 'grade_code', 'vip': 'vip_band_code', 'aum': 'aum_band_code', 'age': 'age_band_code',
    'income': 'income_band_code',
} %}
{%- set bands = codes_of_bands.keys() %}
{%- set codes = ['risk_grade_code', 'lifecycle_code', 'activity_sign', 'rfm_segment_code'] %}
{%- set columns = ['customer_profile_key', 'grade_code', 'grade_group_code', 'grade_group_name'] %}
{%- for kind in bands if kind != 'grade' %}
    {%- do columns.extend([codes_of_bands[kind], kind ~ '_band_name']) %}
{%- endfor %}
{%- do columns.extend(codes + ['rfm_segment_name', 'aum_band_ordinal', 'age_band_ordinal', 'income_band_ordinal']) %}

-- Grain: one combination of grade, bands, class of the worst loan, lifecycle, activity sign and segment that
-- a customer has had in some month: the mini-dimension of customers.
with profiles as (
    select distinct
        customer_profile_key,
        {{ codes_of_bands.values() | join(',\n        ') }},
        {{ codes | join(',\n        ') }}
    from {{ ref('int_customers__profiles') }}
),

-- Names as the bank uses them now.
band_names as (
    select * from {{ ref('value_band') }}
    qualify row_number() over (partition by band_kind, band_code order by valid_from desc) = 1
),

segment_names as (
    select * from {{ ref('rfm_segment') }}
    qualify row_number() over (partition by segment_code order by valid_from desc) = 1
),

members as (
    select
        profiles.*,
        grade_names.group_code as grade_group_code,
        grade_names.group_name as grade_group_name,
        {%- for kind in bands if kind != 'grade' %}
            {{ kind }}_names.band_name as {{ kind }}_band_name,
            {{ kind }}_names.ordinal as {{ kind }}_band_ordinal,
        {%- endfor %}
        segment_names.segment_name as rfm_segment_name
    from profiles
    left join segment_names on profiles.rfm_segment_code = segment_names.segment_code
    {%- for kind in bands %}
        left join band_names as {{ kind }}_names
            on
                {{ kind }}_names.band_kind = '{{ kind | upper }}'
                and profiles.{{ codes_of_bands[kind] }} = {{ kind }}_names.band_code
    {%- endfor %}
)

{{ with_special_members(
    'members', columns,
    keys=['customer_profile_key'],
    names=['grade_group_name', 'vip_band_name', 'aum_band_name', 'age_band_name', 'income_band_name', 'rfm_segment_name']
) }}
