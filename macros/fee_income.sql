{#- What the bank earned with an entry: the fee beside the amount, and the amount of a fee entry. -#}
{% macro fee_income(entries, is_fee) -%}
    cast(
        {{ entries }}.fee_amount - case when {{ is_fee }} then {{ entries }}.signed_amount else 0 end
        as decimal(18, 2)
    )
{%- endmacro %}
