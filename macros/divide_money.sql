{#-
    numerator / denominator as money, rounded half up (away from zero) once, exactly.

    numerator: integer expression in cents times the scale of the denominator (hugeint).
    denominator: positive integer expression. DuckDB's `/` returns a double, hence the integers.
-#}
{% macro divide_money(numerator, denominator) -%}
    {{ adapter.dispatch('divide_money', 'bankcrm')(numerator, denominator) }}
{%- endmacro %}

{% macro duckdb__divide_money(numerator, denominator) -%}
    {{ money(
        "(sign(" ~ numerator ~ ") * ((2 * abs(" ~ numerator ~ ") + " ~ denominator ~ ")"
        ~ " // (2 * " ~ denominator ~ ")))"
    ) }}
{%- endmacro %}

{% macro default__divide_money(numerator, denominator) -%}
    {{ exceptions.raise_compiler_error("divide_money is not written for " ~ target.type) }}
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
