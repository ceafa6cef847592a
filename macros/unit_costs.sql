{#-
    What a number of events of one activity cost: pool cost x standard minutes x events / practical
    minutes, rounded half up once. Null without a rate.

    rates: alias with unit_cost_units and practical_units of int_costs__activity_rates.
-#}
{% macro unit_costs(rates, events) -%}
    {{ divide_money("(" ~ rates ~ ".unit_cost_units * " ~ events ~ ")", rates ~ ".practical_units") }}
{%- endmacro %}
