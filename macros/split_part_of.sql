{#- Part of an amount that belongs to a weight (6 decimals), rounded half up to the cent, exactly. -#}
{% macro split_part_of(amount, weight) -%}
    {{ divide_money("(" ~ cents(amount) ~ " * cast(" ~ weight ~ " * 1000000 as hugeint))", "1000000") }}
{%- endmacro %}
