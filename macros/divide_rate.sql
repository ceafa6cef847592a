{#-
    numerator / denominator as a fraction with 8 places, rounded half up (away from zero) once, exactly.

    numerator, denominator: integer expressions (hugeint). Null where either is null or the
    denominator is not positive: a rate of nothing is unknown.
-#}
{% macro divide_rate(numerator, denominator) -%}
    case
        when {{ denominator }} > 0
            then {{ adapter.dispatch('divide_rate', 'bankcrm')(numerator, denominator) }}
    end
{%- endmacro %}

{% macro duckdb__divide_rate(numerator, denominator) -%}
    cast(
        cast(
            (sign({{ numerator }}) * ((200000000 * abs({{ numerator }}) + {{ denominator }}) // (2 * {{ denominator }})))
            as decimal(30, 0)
        ) * cast(0.00000001 as decimal(8, 8))
        as decimal(18, 8)
    )
{%- endmacro %}

{% macro default__divide_rate(numerator, denominator) -%}
    {{ exceptions.raise_compiler_error("divide_rate is not written for " ~ target.type) }}
{%- endmacro %}
