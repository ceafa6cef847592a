{#- Amount of an entry with its effect on the account: C adds to it, D takes from it. -#}
{% macro signed_amount(entries='') -%}
    {%- set prefix = entries ~ '.' if entries else '' -%}
    cast(case {{ prefix }}debit_credit when 'C' then 1 else -1 end * {{ prefix }}amount as decimal(18, 2))
{%- endmacro %}
