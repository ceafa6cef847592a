{#- part / whole as a fraction of 8 decimals, rounded half up once, exactly; null where the whole is not positive. -#}
{% macro share_of(part, whole) -%}
    case
        when {{ whole }} > 0 then cast(
            cast(
                (2 * {{ cents(part) }} * 100000000 + {{ cents(whole) }}) // (2 * {{ cents(whole) }}) as decimal(18, 0)
            ) * cast(0.00000001 as decimal(8, 8)) as decimal(18, 8)
        )
    end
{%- endmacro %}
