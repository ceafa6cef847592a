{%- set codes = ['VAT_RATE', 'SURCHARGE_RATE', 'INCOME_TAX_RATE', 'CAPITAL_RATIO', 'HURDLE_RATE'] -%}

-- Rates of the profit contribution statement as of each month, fractions.
-- Grain: one month.
select
    {%- for code in codes %}
        max(case when rates.parameter_code = '{{ code }}' then rates.parameter_value end) as {{ code | lower }},
    {%- endfor %}
    months.month_end_date
from {{ ref('int_calendar__months') }} as months
inner join {{ ref('profit_parameter') }} as rates
    on
        {{ valid_on('rates', 'months.as_of_date') }}
group by months.month_end_date
