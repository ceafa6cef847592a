{#-
    Days of a stretch [from, to) under a day basis, times the share of that basis in 26,280.
    26,280 is the least common multiple of 360 and 365, so a month in which the basis changes
    still sums to one exact fraction. 30/360 counts telescope: stretches of a month sum to 30.
-#}
{% macro accrual_days(day_basis, from_date, to_date) -%}
    case {{ day_basis }}
        when 'ACT/360' then 73 * datediff('day', {{ from_date }}, {{ to_date }})
        when 'ACT/365' then 72 * datediff('day', {{ from_date }}, {{ to_date }})
        when '30/360' then 73 * (
            360 * (year({{ to_date }}) - year({{ from_date }}))
            + 30 * (month({{ to_date }}) - month({{ from_date }}))
            + least(day({{ to_date }}), 30) - least(day({{ from_date }}), 30)
        )
    end
{%- endmacro %}

{#- Denominator of a sum of cents x rate units x accrual days. -#}
{% macro accrual_denominator() -%}
    2628000000000
{%- endmacro %}
