{{ config(materialized='incremental', meta={'rebuild_column': 'valid_to', 'rebuild_unit': 'day', 'rebuild_operator': '>'}) }}

-- A balance holds from the day it was reached until the day before the next one (half-open).
-- Only spans that reach refresh_from are rebuilt: the one that straddles it, and all later ones.
with changes as (
    select
        account_durable_key,
        business_date as valid_from,
        balance
    from {{ ref('int_balances__changes') }}
    {% if is_incremental() %}
        where business_date >= {{ refresh_from() }}
        union all
        select
            account_durable_key,
            valid_from,
            balance
        from {{ this }}
        where valid_from < {{ refresh_from() }} and valid_to > {{ refresh_from() }}
    {% endif %}
)

select
    account_durable_key,
    balance,
    valid_from,
    lead(valid_from, 1, cast('9999-12-31' as date))
        over (partition by account_durable_key order by valid_from) as valid_to
from changes
