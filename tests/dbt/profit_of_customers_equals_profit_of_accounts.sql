-- Split by owner or not, every account month carries the same margin, fees and balances, exactly.
{%- set measures = [
    'end_balance', 'average_balance', 'interest_income_amount', 'interest_expense_amount',
    'ftp_margin_amount', 'fee_income_amount',
] %}

with split_by_owner as (
    select
        account_durable_key,
        month_end_date,
    {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ "," if not loop.last }}
    {%- endfor %}
    from {{ ref('fct_profit_monthly') }}
    group by account_durable_key, month_end_date
),

whole as (
    select * from {{ ref('fct_account_monthly') }}
)

select
    whole.account_id,
    whole.month_end_date
from whole
full outer join split_by_owner
    on
        whole.account_durable_key = split_by_owner.account_durable_key
        and whole.month_end_date = split_by_owner.month_end_date
where
{%- for measure in measures %}
        whole.{{ measure }} is distinct from split_by_owner.{{ measure }}{{ " or" if not loop.last }}
{%- endfor %}
