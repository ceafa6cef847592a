{%- set codes = [
    'GRADE_GRACE_MONTHS', 'GRADE_WATCH_MONTHS', 'ACTIVITY_WINDOW_DAYS', 'ACTIVITY_DECLINE_RATE',
    'ACTIVITY_LOST_DAYS', 'RFM_WINDOW_DAYS', 'NEW_CUSTOMER_MONTHS', 'ANNUITY_RETENTION_RATE',
    'ANNUITY_DISCOUNT_RATE',
] -%}

-- Terms of the customer analytics as of each month.
-- Grain: one month.
select
    {%- for code in codes %}
        {%- set value = "max(case when terms.parameter_code = '" ~ code ~ "' then terms.parameter_value end)" %}
        {%- if code.endswith('_MONTHS') or code.endswith('_DAYS') %}
            cast({{ value }} as integer) as {{ code | lower }},
        {%- else %}
            {{ value }} as {{ code | lower }},
        {%- endif %}
    {%- endfor %}
    months.month_end_date
from {{ ref('int_calendar__months') }} as months
inner join {{ ref('customer_parameter') }} as terms
    on
        {{ valid_on('terms', 'months.as_of_date') }}
group by months.month_end_date
