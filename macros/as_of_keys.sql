{#-
    Dimension keys of an account as they stood on a date: its version, lead owner, product, unit,
    lead manager and currency.

    relation: CTE with account_durable_key and as_of_date.
    Returns its columns, the keys, and the account's own source_system, account_id, account_type,
    interest_rate and account_status.
-#}
{% macro as_of_keys(relation) -%}
    select
        facts.*,
        accounts.account_key,
        accounts.source_system,
        accounts.account_id,
        accounts.account_type,
        accounts.interest_rate,
        accounts.status as account_status,
        customers.customer_key,
        customers.customer_durable_key,
        coalesce(products.product_key, -2) as product_key,
        coalesce(branches.branch_key, case when accounts.is_inferred or accounts.branch_id is not null then -2 else -1 end) as branch_key,
        coalesce(managers.manager_key, case when lead_managers.manager_durable_key is null then -1 else -2 end) as manager_key,
        coalesce(currencies.currency_key, -2) as currency_key
    from {{ relation }} as facts
    inner join {{ ref('dim_account') }} as accounts
        on
            facts.account_durable_key = accounts.account_durable_key
            and facts.as_of_date >= accounts.valid_from
            and facts.as_of_date < accounts.valid_to
    left join {{ ref('int_accounts__lead_owners') }} as lead_owners
        on
            facts.account_durable_key = lead_owners.account_durable_key
            and facts.as_of_date >= lead_owners.valid_from
            and facts.as_of_date < lead_owners.valid_to
    inner join {{ ref('dim_customer') }} as customers
        on
            coalesce(lead_owners.customer_durable_key, -2) = customers.customer_durable_key
            and facts.as_of_date >= customers.valid_from
            and facts.as_of_date < customers.valid_to
    left join {{ ref('dim_product') }} as products
        on
            accounts.product_id = products.product_id
            and facts.as_of_date >= products.valid_from
            and facts.as_of_date < products.valid_to
    left join {{ ref('dim_branch') }} as branches
        on
            accounts.branch_id = branches.branch_id
            and facts.as_of_date >= branches.valid_from
            and facts.as_of_date < branches.valid_to
    left join {{ ref('int_customers__lead_managers') }} as lead_managers
        on
            customers.customer_durable_key = lead_managers.customer_durable_key
            and facts.as_of_date >= lead_managers.valid_from
            and facts.as_of_date < lead_managers.valid_to
    left join {{ ref('dim_manager') }} as managers
        on
            lead_managers.manager_durable_key = managers.manager_durable_key
            and facts.as_of_date >= managers.valid_from
            and facts.as_of_date < managers.valid_to
    left join {{ ref('dim_currency') }} as currencies
        on accounts.currency_code = currencies.currency_code
{%- endmacro %}
