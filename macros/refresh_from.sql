{#-
    Earliest business date that the deliveries since the last version touch, as a date literal.
    The refresh passes it; alone, dbt rebuilds every date. It is an environment variable because
    a changed `--vars` makes dbt parse the whole project again.
-#}
{% macro refresh_from() -%}
    cast('{{ env_var("BANKCRM_REFRESH_FROM", "1900-01-01") }}' as date)
{%- endmacro %}

{#- First day of the month of refresh_from: monthly facts rebuild whole months. -#}
{% macro refresh_from_month() -%}
    cast(date_trunc('month', {{ refresh_from() }}) as date)
{%- endmacro %}
