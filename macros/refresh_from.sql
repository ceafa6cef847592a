{#-
    Earliest business date that the deliveries since the last version touch, as a date literal.
    The refresh passes it in the environment; alone, dbt rebuilds every date. It is read when a
    model runs, never when the project is parsed: otherwise every night would parse it again.
-#}
{% macro refresh_from() -%}
    {%- if execute -%}
        cast('{{ env_var("BANKCRM_REFRESH_FROM", "1900-01-01") }}' as date)
    {%- else -%}
        cast('1900-01-01' as date)
    {%- endif -%}
{%- endmacro %}

{#- First day of the month of refresh_from: monthly facts rebuild whole months. -#}
{% macro refresh_from_month() -%}
    cast(date_trunc('month', {{ refresh_from() }}) as date)
{%- endmacro %}
