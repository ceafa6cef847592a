{#-
    numerator / denominator as decimal(18,8), rounded half away from zero once, exactly; null
    where the denominator is not positive.

    numerator, denominator: expressions of whole numbers, hugeint (cents, for instance).
-#}
{% macro ratio(numerator, denominator) -%}
    case when {{ denominator }} > 0 then
        {{ eighth_places(rounded_quotient("(" ~ numerator ~ ") * 100000000", denominator)) }}
    end
{%- endmacro %}

{#-
    Like ratio, for numbers that are not negative, but cut off after 8 places: a value below a limit
    never reaches it by rounding.
-#}
{% macro ratio_cut(numerator, denominator) -%}
    case when {{ denominator }} > 0 then
        {{ eighth_places("(" ~ numerator ~ " * 100000000) // " ~ denominator) }}
    end
{%- endmacro %}

{#- A whole number of hundred-millionths as decimal(18,8). -#}
{% macro eighth_places(units) -%}
    cast(cast({{ units }} as decimal(18, 0)) * cast(0.00000001 as decimal(8, 8)) as decimal(18, 8))
{%- endmacro %}
