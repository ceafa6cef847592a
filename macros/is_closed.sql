{#-
    Whether an account is closed, repaid or written off. One without a status is open.

    status: column with the status of a deposit, loan or card.
-#}
{% macro is_closed(status) -%}
    coalesce({{ status }} in ('CLOSED', 'REPAID', 'WRITTEN_OFF'), false)
{%- endmacro %}
