{#-
    Customer, manager and team of rows that the contact centre delivers, as they stood on the day.

    relation: CTE with customer_id and manager_id (ids of the branch system, either may be null).
    day: column of the relation that decides.
    unit: SQL of the unit; the manager's, unless the row names one itself.
    Returns its columns with customer_key, customer_durable_key, manager_key, manager_durable_key,
    branch_key and branch_durable_key. A row that names nobody keeps -1, an unknown one -2.
-#}
{% macro contact_members(relation, day, unit='managers.branch_id') -%}
    select
        facts.*,
        {{ member_key('customers.customer_key', 'facts.customer_id') }} as customer_key,
        {{ member_key('customers.customer_durable_key', 'facts.customer_id') }} as customer_durable_key,
        {{ member_key('managers.manager_key', 'facts.manager_id') }} as manager_key,
        {{ member_key('managers.manager_durable_key', 'facts.manager_id') }} as manager_durable_key,
        {{ member_key('units.branch_key', unit) }} as branch_key,
        {{ member_key('units.branch_durable_key', unit) }} as branch_durable_key
    from {{ relation }} as facts
    left join {{ ref('int_customers__references') }} as customer_references
        on
            facts.customer_id = customer_references.source_customer_id
            and customer_references.source_system = 'branch'
    left join {{ ref('int_customers__members') }} as customers
        on
            customer_references.customer_durable_key = customers.customer_durable_key
            and {{ valid_on('customers', 'facts.' ~ day) }}
    left join {{ ref('int_managers__versions') }} as managers
        on
            facts.manager_id = managers.manager_id
            and {{ valid_on('managers', 'facts.' ~ day) }}
    left join {{ ref('int_branches__levels') }} as units
        on
            {{ unit }} = units.branch_id
            and {{ valid_on('units', 'facts.' ~ day) }}
{%- endmacro %}
