-- Every key of a customer month joins a member of its dimension; nothing is lost by an inner join.
{%- set dimensions = {
    'customer_key': ('dim_customer', 'customer_key'),
    'customer_profile_key': ('dim_customer_profile', 'customer_profile_key'),
    'branch_key': ('dim_branch', 'branch_key'),
    'manager_key': ('dim_manager', 'manager_key'),
    'industry_key': ('dim_industry', 'industry_key'),
    'risk_grade_key': ('dim_risk_grade', 'risk_grade_key'),
    'grade_band_key': ('dim_value_band', 'value_band_key'),
    'vip_band_key': ('dim_value_band', 'value_band_key'),
    'value_class_band_key': ('dim_value_band', 'value_band_key'),
} %}

{%- for key, (dimension, member_key) in dimensions.items() %}
    select
        '{{ key }}' as key_name,
        customer_months.customer_monthly_key
    from {{ ref('fct_customer_monthly') }} as customer_months
    left join {{ ref(dimension) }} as members
        on customer_months.{{ key }} = members.{{ member_key }}
    where members.{{ member_key }} is null
    {{ "union all" if not loop.last }}
{%- endfor %}
