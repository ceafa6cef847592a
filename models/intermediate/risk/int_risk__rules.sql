{%- set codes = [
    'UPGRADE_MONTHS', 'UPGRADE_PERIODS', 'UPGRADE_WAITS_FROM', 'CONTAGION_SHARE',
    'GENERAL_PROVISION_RATE', 'STAGE_2_OVER_DAYS', 'STAGE_2_NOTCHES', 'STAGE_3_FROM_DAYS',
    'REVOLVING_LIFETIME_YEARS', 'SCORE_TARGET', 'SCORE_TARGET_ODDS', 'SCORE_POINTS_TO_DOUBLE',
    'DRIFT_ALERT',
] -%}

-- Rules of classification, provisions and stages as of each month.
-- Grain: one month.
select
    {%- for code in codes %}
        max(case when rules.rule_code = '{{ code }}' then rules.rule_value end) as {{ code | lower }},
    {%- endfor %}
    months.month_end_date
from {{ ref('int_calendar__months') }} as months
inner join {{ ref('risk_rule') }} as rules
    on
        {{ valid_on('rules', 'months.as_of_date') }}
group by months.month_end_date
