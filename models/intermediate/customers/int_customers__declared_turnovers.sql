{{ config(materialized='ephemeral') }}

-- Turnover that companies declared, by unified customer and currency.
-- Grain: one declaration of one year by one customer id, as delivered on one business date.
with currencies as (
    {{ keyed_codes('currency') }}
)

select
    xref.customer_durable_key,
    currencies.currency_key,
    declared.fiscal_year_end_date,
    declared.turnover_amount,
    declared.business_date,
    declared.customer_id
from {{ ref('stg_branch__declared_turnovers') }} as declared
inner join {{ ref('int_customers__xref') }} as xref
    on
        xref.source_system = 'branch'
        and declared.customer_id = xref.source_customer_id
inner join currencies on declared.currency_code = currencies.currency_code
