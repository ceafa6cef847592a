{#-
    numerator / denominator as decimal(24,6), rounded half up (away from zero) once, exactly.

    numerator, denominator: integer expressions of one scale (hugeint); the denominator is positive.
-#}
{% macro divide_ratio(numerator, denominator) -%}
    {{ adapter.dispatch('divide_ratio', 'bankcrm')(numerator, denominator) }}
{%- endmacro %}

{% macro duckdb__divide_ratio(numerator, denominator) -%}
    cast(
        cast(
            sign({{ numerator }}) * ((2 * abs({{ numerator }}) * 1000000 + {{ denominator }}) // (2 * {{ denominator }}))
            as decimal(24, 0)
        ) * cast(0.000001 as decimal(6, 6)) as decimal(24, 6)
    )
{%- endmacro %}

{% macro default__divide_ratio(numerator, denominator) -%}
    {{ exceptions.raise_compiler_error("divide_ratio is not written for " ~ target.type) }}
{%- endmacro %}

{#- A decimal of up to six places as a whole number of millionths. -#}
{% macro millionths(value) -%}
    cast({{ value }} * 1000000 as hugeint)
{%- endmacro %}
