{#-
    Attainment of a target: 1 + sign x (actual / target - 1), rounded half up to 6 places once.

    More is better (sign 1): actual / target. A penalty (sign -1): 2 - actual / target, so that it is
    1 at what is tolerated, above 1 below that, and negative beyond twice that. Null without a target
    above zero: there was nothing to reach.
-#}
{% macro attainment(actual, target, sign) -%}
    case
        when {{ target }} > 0
            then {{ divide_ratio(
                "(" ~ millionths(target) ~ " + " ~ sign ~ " * (" ~ millionths(actual) ~ " - " ~ millionths(target) ~ "))",
                millionths(target)
            ) }}
    end
{%- endmacro %}
