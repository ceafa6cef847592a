-- Grain: one general ledger account of one unit, currency and month, as finance delivered it.
-- Stock accounts never add up over months; income and expense accounts do.
with gl_balances as (
    select * from {{ ref('int_finance__gl_balances') }}
),

gl_accounts as (
    select * from {{ ref('dim_gl_account') }}
),

currencies as (
    select * from {{ ref('dim_currency') }}
)

select
    {{ surrogate_key("gl_balances.branch_id", "gl_balances.gl_account_code", "gl_balances.currency_code", "gl_balances.month_end_date") }}
        as gl_balance_key,
    gl_balances.month_end_date,
    gl_balances.branch_key,
    coalesce(gl_accounts.gl_account_key, -2) as gl_account_key,
    coalesce(currencies.currency_key, -2) as currency_key,
    gl_balances.branch_id,
    gl_balances.gl_account_code,
    gl_balances.balance_amount
from gl_balances
left join gl_accounts on gl_balances.gl_account_code = gl_accounts.gl_account_code
left join currencies on gl_balances.currency_code = currencies.currency_code
