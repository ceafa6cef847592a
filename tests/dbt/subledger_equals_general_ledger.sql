-- Wherever finance delivered a general ledger for a complete month, balances, interest and fees
-- of the accounts equal it per unit, account and currency, to the cent.
with months_with_ledger as (
    select distinct month_end_date from {{ ref('fct_gl_balance') }}
),

account_months as (
    select
        fact.*,
        account_versions.branch_id
    from {{ ref('fct_account_monthly') }} as fact
    inner join months_with_ledger on fact.month_end_date = months_with_ledger.month_end_date
    inner join {{ ref('dim_account') }} as account_versions on fact.account_key = account_versions.account_key
),

subledger as (
    {%- for subledger_measure, condition, amount in [
        ('deposit_end_balance', "account_type = 'DEPOSIT'", 'end_balance'),
        ('loan_end_balance', "account_type = 'LOAN'", 'end_balance'),
        ('card_end_balance', "account_type = 'CARD'", 'end_balance'),
        ('interest_income_amount', 'true', 'interest_income_amount'),
        ('interest_expense_amount', 'true', 'interest_expense_amount'),
        ('fee_income_amount', 'true', 'fee_income_amount'),
    ] %}
        select
            month_end_date,
            branch_id,
            currency_key,
            '{{ subledger_measure }}' as measure_name,
            sum({{ amount }}) as amount
        from account_months
        where {{ condition }}
        group by month_end_date, branch_id, currency_key
        {% if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

ledger as (
    select
        gl.month_end_date,
        gl.branch_id,
        gl.currency_key,
        chart.subledger_measure as measure_name,
        sum(gl.balance_amount) as amount
    from {{ ref('fct_gl_balance') }} as gl
    inner join {{ ref('dim_gl_account') }} as chart on gl.gl_account_key = chart.gl_account_key
    where chart.subledger_measure is not null
    group by gl.month_end_date, gl.branch_id, gl.currency_key, chart.subledger_measure
)

select
    coalesce(subledger.month_end_date, ledger.month_end_date) as month_end_date,
    coalesce(subledger.branch_id, ledger.branch_id) as branch_id,
    coalesce(subledger.measure_name, ledger.measure_name) as measure_name,
    subledger.amount as subledger_amount,
    ledger.amount as ledger_amount
from subledger
full outer join ledger
    on
        subledger.month_end_date = ledger.month_end_date
        and subledger.branch_id = ledger.branch_id
        and subledger.currency_key = ledger.currency_key
        and subledger.measure_name = ledger.measure_name
where coalesce(subledger.amount, 0) <> coalesce(ledger.amount, 0)
