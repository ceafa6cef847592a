{#- ln(share of goods / share of bads); null where a share is zero. -#}
{% macro weight_of_evidence(share_of_goods, share_of_bads) -%}
    ln(cast(nullif({{ share_of_goods }}, 0) as double) / cast(nullif({{ share_of_bads }}, 0) as double))
{%- endmacro %}

{#- Term of one band in the information value: (goods - bads) x weight of evidence. -#}
{% macro information_value_term(share_of_goods, share_of_bads) -%}
    (({{ share_of_goods }}) - ({{ share_of_bads }})) * {{ weight_of_evidence(share_of_goods, share_of_bads) }}
{%- endmacro %}

{#- Term of one band in the population stability index: (actual - expected) x ln(actual / expected). -#}
{% macro stability_term(actual_share, expected_share) -%}
    {{ information_value_term(actual_share, expected_share) }}
{%- endmacro %}

{#- Points by which the score rises while the odds grow e-fold: points to double / ln 2. -#}
{% macro score_factor(points_to_double) -%}
    (cast({{ points_to_double }} as double) / ln(2))
{%- endmacro %}

{#- Points at odds of one to one: target - factor x ln(target odds). -#}
{% macro score_offset(target, target_odds, points_to_double) -%}
    (cast({{ target }} as double) - {{ score_factor(points_to_double) }} * ln(cast({{ target_odds }} as double)))
{%- endmacro %}

{#- Score of good to bad odds. -#}
{% macro score_points(odds, target, target_odds, points_to_double) -%}
    ({{ score_offset(target, target_odds, points_to_double) }} + {{ score_factor(points_to_double) }} * ln(cast({{ odds }} as double)))
{%- endmacro %}
