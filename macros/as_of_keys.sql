{#-
    Dimension keys of an account as they stood on a date: its version, lead owner, product, unit,
    lead manager and currency.

    relation: CTE with account_durable_key and as_of_date.
    Returns its columns, the keys, and the account's own source_system, account_id, account_type,
    card_type, interest_rate and account_status.
-#}
{% macro as_of_keys(relation) -%}
    select
        facts.*,
        accounts.account_key,
        accounts.source_system,
        accounts.account_id,
        accounts.account_type,
        accounts.card_type,
        accounts.interest_rate,
        accounts.status as account_status,
        coalesce(customers.customer_key, -2) as customer_key,
        coalesce(lead_owners.customer_durable_key, -2) as customer_durable_key,
        coalesce(products.product_key, -2) as product_key,
        coalesce(branches.branch_key, case when accounts.is_inferred or accounts.branch_id is not null then -2 else -1 end) as branch_key,
        {{ member_key('managers.manager_key', 'lead_managers.manager_durable_key') }} as manager_key,
        coalesce(currencies.currency_key, -2) as currency_key
    from {{ relation }} as facts
    inner join {{ ref('int_accounts__members') }} as accounts
        on
            facts.account_durable_key = accounts.account_durable_key
            and {{ valid_on('accounts', 'facts.as_of_date') }}
    left join {{ ref('int_accounts__lead_owners') }} as lead_owners
        on
            facts.account_durable_key = lead_owners.account_durable_key
            and {{ valid_on('lead_owners', 'facts.as_of_date') }}
    left join {{ ref('int_customers__members') }} as customers
        on
            lead_owners.customer_durable_key = customers.customer_durable_key
            and {{ valid_on('customers', 'facts.as_of_date') }}
    left join {{ ref('int_products__versions') }} as products
        on
            accounts.product_id = products.product_id
            and {{ valid_on('products', 'facts.as_of_date') }}
    left join {{ ref('int_branches__levels') }} as branches
        on
            accounts.branch_id = branches.branch_id
            and {{ valid_on('branches', 'facts.as_of_date') }}
    {{ join_lead_manager('lead_owners.customer_durable_key', 'facts.as_of_date') }}
    left join ({{ keyed_codes('currency') }}) as currencies
        on accounts.currency_code = currencies.currency_code
{%- endmacro %}

{#- Joins the lead manager of a customer on a date: aliases lead_managers and managers. -#}
{% macro join_lead_manager(customer_durable_key, day) -%}
    left join {{ ref('int_customers__lead_managers') }} as lead_managers
        on
            {{ customer_durable_key }} = lead_managers.customer_durable_key
            and {{ valid_on('lead_managers', day) }}
    left join {{ ref('int_managers__versions') }} as managers
        on
            lead_managers.manager_durable_key = managers.manager_durable_key
            and {{ valid_on('managers', day) }}
{%- endmacro %}
