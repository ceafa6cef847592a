{{ config(materialized='ephemeral') }}

-- Balances of the general ledger with the unit as it stood at the month's end.
-- Grain: one general ledger account of one unit, currency and month.
select
    gl_balances.branch_id,
    coalesce(branches.branch_key, -2) as branch_key,
    gl_balances.gl_account_code,
    gl_balances.currency_code,
    gl_balances.month_end_date,
    gl_balances.balance_amount
from {{ ref('stg_finance__gl_balances') }} as gl_balances
left join {{ ref('int_branches__levels') }} as branches
    on
        gl_balances.branch_id = branches.branch_id
        and {{ valid_on('branches', 'gl_balances.month_end_date') }}
