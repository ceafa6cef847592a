{#-
    numerator / denominator as money, rounded half away from zero once, exactly.

    numerator: integer expression in cents times the scale of the denominator (hugeint).
    denominator: positive integer expression.
-#}
{% macro divide_money(numerator, denominator) -%}
    {{ money(rounded_quotient(numerator, denominator)) }}
{%- endmacro %}

{#- A whole number of cents as money of a precision. -#}
{% macro money(cents, precision=18) -%}
    cast(
        cast({{ cents }} as decimal({{ precision - 2 }}, 0)) * cast(0.01 as decimal(2, 2))
        as decimal({{ precision }}, 2)
    )
{%- endmacro %}

{#- Money as a whole number of cents. -#}
{% macro cents(amount) -%}
    cast({{ amount }} * 100 as hugeint)
{%- endmacro %}

{#- Rate as a whole number of hundred-millionths. -#}
{% macro rate_units(rate) -%}
    cast({{ rate }} * 100000000 as hugeint)
{%- endmacro %}
