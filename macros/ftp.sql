{#- Date whose curve prices a matched-maturity contract: last repricing if floating, else origination. -#}
{% macro matched_rate_date(account) -%}
    case
        when {{ account }}.rate_type = 'FLOATING'
            then coalesce({{ account }}.repricing_date, {{ account }}.opened_date)
        else {{ account }}.opened_date
    end
{%- endmacro %}

{#- Linear between two nodes of a curve, rounded half up to 8 places; days may have 2 decimals. -#}
{% macro interpolate_rate(days, days_below, rate_below, days_above, rate_above) -%}
    cast(
        {{ rate_below }} + round(
            ({{ rate_above }} - {{ rate_below }})
            * (({{ days }} - {{ days_below }}) / ({{ days_above }} - {{ days_below }})),
            8
        ) as decimal(12, 8)
    )
{%- endmacro %}
