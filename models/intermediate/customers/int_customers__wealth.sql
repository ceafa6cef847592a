-- What a unified customer has stated of income and of wealth elsewhere, from the night of the statement
-- until the night of the next one.
-- Grain: one statement of one customer (half-open validity).
with statements as (
    select
        xref.customer_durable_key,
        statements.business_date,
        statements.annual_income_amount,
        statements.external_asset_amount
    from {{ ref('stg_branch__wealth_statements') }} as statements
    inner join {{ ref('int_customers__xref') }} as xref
        on
            xref.source_system = 'branch'
            and statements.customer_id = xref.source_customer_id
    qualify row_number() over (
        partition by xref.customer_durable_key, statements.business_date
        order by statements.customer_id desc
    ) = 1
)

select
    customer_durable_key,
    annual_income_amount,
    external_asset_amount,
    business_date as valid_from,
    lead(business_date, 1, cast('9999-12-31' as date))
        over (partition by customer_durable_key order by business_date) as valid_to
from statements
