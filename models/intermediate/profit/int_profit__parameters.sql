-- Rates of the profit contribution statement as of each month, fractions.
-- Grain: one month.
{%- set parameters = ['VAT_RATE', 'SURCHARGE_RATE', 'INCOME_TAX_RATE', 'CAPITAL_RATIO', 'HURDLE_RATE'] %}

select
    months.month_end_date,
    {%- for parameter in parameters %}
    max(case when parameters.parameter_code = '{{ parameter }}' then parameters.parameter_value end) as {{ parameter | lower }}
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_calendar__months') }} as months
inner join {{ ref('profit_parameter') }} as parameters
    on
        months.as_of_date >= parameters.valid_from
        and months.as_of_date < parameters.valid_to
group by months.month_end_date
