{#-
    numerator / denominator as decimal(24,6), rounded half away from zero once, exactly.

    numerator, denominator: integer expressions of one scale (hugeint); the denominator is positive.
-#}
{% macro divide_ratio(numerator, denominator) -%}
    cast(
        cast({{ rounded_quotient("(" ~ numerator ~ ") * 1000000", denominator) }} as decimal(24, 0))
        * cast(0.000001 as decimal(6, 6)) as decimal(24, 6)
    )
{%- endmacro %}

{#- A decimal of up to six places as a whole number of millionths. -#}
{% macro millionths(value) -%}
    cast({{ value }} * 1000000 as hugeint)
{%- endmacro %}
