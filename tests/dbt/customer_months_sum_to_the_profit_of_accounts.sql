-- Customers, the unnamed part included, carry every balance and every amount of the accounts of a month.
-- A line that is unknown for some account has no sum on either side.
{%- set lines = [
    'contribution_before_cost_amount', 'fee_income_amount', 'ftp_margin_amount', 'vat_amount', 'cost_to_serve_amount',
    'expected_loss_amount', 'pre_tax_contribution_amount', 'net_contribution_amount', 'economic_value_added_amount',
] %}

with of_customers as (
    select
        month_end_date,
        {%- for line in lines %}
            sum({{ line }}) as {{ line }},
        {%- endfor %}
        sum(deposit_end_balance + loan_end_balance + card_end_balance) as end_balance,
        sum(deposit_average_balance + loan_average_balance + card_average_balance) as average_balance
    from {{ ref('fct_customer_monthly') }}
    group by month_end_date
),

of_accounts as (
    select
        month_end_date,
        {%- for line in lines %}
            sum({{ line }}) as {{ line }},
            count({{ line }}) = count(*) as knows_{{ line }},
        {%- endfor %}
        sum(end_balance) as end_balance,
        sum(average_balance) as average_balance
    from {{ ref('fct_profit_monthly') }}
    group by month_end_date
)

select of_accounts.month_end_date
from of_accounts
left join of_customers on of_accounts.month_end_date = of_customers.month_end_date
where
    of_customers.end_balance is distinct from of_accounts.end_balance
    or of_customers.average_balance is distinct from of_accounts.average_balance
    {%- for line in lines %}
        or (of_accounts.knows_{{ line }} and of_customers.{{ line }} is distinct from of_accounts.{{ line }})
    {%- endfor %}
