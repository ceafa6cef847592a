{#-
    Rows with the managers who answer for them on a day, one row per manager: of each owner of the
    account, each manager of the owner.

    relation: CTE with account_durable_key; where its rows are of one customer already, with
    customer_durable_key.
    day: column of the relation that decides who owned and who managed.
    Returns the relation's columns, manager_durable_key and weight_units, the manager's part of the row
    in 1e-12: owner's weight x manager's weight, exact.
-#}
{% macro shares_of_managers(relation, day, is_of_one_customer=false) -%}
    select
        facts.*,
        books.manager_durable_key,
        {% if is_of_one_customer -%}
            1000000 * {{ millionths('books.weight') }} as weight_units
        {%- else -%}
            {{ millionths('owners.weight') }} * {{ millionths('books.weight') }} as weight_units
        {%- endif %}
    from {{ relation }} as facts
    {%- if not is_of_one_customer %}
    inner join {{ ref('int_accounts__owners') }} as owners
        on
            facts.account_durable_key = owners.account_durable_key
            and {{ valid_on('owners', 'facts.' ~ day) }}
    {%- endif %}
    inner join {{ ref('int_customers__managers') }} as books
        on
            {{ 'facts' if is_of_one_customer else 'owners' }}.customer_durable_key = books.customer_durable_key
            and {{ valid_on('books', 'facts.' ~ day) }}
{%- endmacro %}
