{#-
    numerator / denominator as a whole number, rounded half away from zero once, exactly.

    numerator: integer expression (hugeint). denominator: positive integer expression.
    DuckDB's `/` returns a double, hence the integers.
-#}
{% macro rounded_quotient(numerator, denominator) -%}
    {{ adapter.dispatch('rounded_quotient', 'bankcrm')(numerator, denominator) }}
{%- endmacro %}

{% macro duckdb__rounded_quotient(numerator, denominator) -%}
    (sign({{ numerator }}) * ((2 * abs({{ numerator }}) + {{ denominator }}) // (2 * {{ denominator }})))
{%- endmacro %}

{% macro default__rounded_quotient(numerator, denominator) -%}
    {{ exceptions.raise_compiler_error("rounded_quotient is not written for " ~ target.type) }}
{%- endmacro %}
