{{ config(materialized='incremental', meta={'rebuild_column': 'flow_date', 'rebuild_unit': 'day'}) }}

-- Grain: one account, class of flow and business date. Flows of an account sum to its change of
-- balance; flows of a unit or manager sum to the change of what they keep. Additive.
select
    {{ surrogate_key("account_durable_key", "flow_date", "flow_class_code") }} as fund_flow_key,
    flow_date,
    account_key,
    account_durable_key,
    customer_key,
    customer_durable_key,
    product_key,
    branch_key,
    manager_key,
    currency_key,
    {{ surrogate_key("'flow_class'", "flow_class_code") }} as flow_class_key,
    account_type,
    is_growth,
    flow_amount
from {{ ref('int_flows__classified') }}
where flow_date >= {{ refresh_from() }}
