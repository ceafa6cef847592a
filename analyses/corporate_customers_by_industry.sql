-- Corporate customers by industry: turnover, deposits, loans, contribution, complete months
-- How to read: turnover is what came into their accounts from outside (own transfers, loans paid out and
-- reversals left out). An industry that borrows much and keeps little, or whose turnover goes elsewhere
-- while its loans stay, is the one to talk to. Balances are averages of the months.
with companies as (
    select
        customer_months.*,
        industries.industry_name
    from marts.fct_customer_monthly as customer_months
    inner join marts.dim_customer as customers on customer_months.customer_key = customers.customer_key
    inner join marts.dim_industry as industries on customer_months.industry_key = industries.industry_key
    where customers.customer_type = 'CORPORATE' and customer_months.is_complete_month
),

months as (
    select count(distinct month_end_date) as month_count from companies
),

turnovers as (
    select
        entries.customer_durable_key,
        dates.month_end_date,
        sum(entries.signed_amount) as turnover
    from marts.fct_transaction as entries
    inner join marts.dim_date as dates on entries.value_date = dates.date_key
    inner join marts.dim_transaction_type as kinds on entries.transaction_type_key = kinds.transaction_type_key
    where
        entries.debit_credit = 'C'
        and kinds.transaction_type_code in ('TRANSFER_IN', 'CASH_DEPOSIT')
    group by entries.customer_durable_key, dates.month_end_date
)

select
    companies.industry_name as industry,
    count(distinct companies.customer_durable_key) as customer_count,
    sum(turnovers.turnover) as turnover,
    round(sum(companies.deposit_average_balance) / max(months.month_count), 2) as average_deposits,
    round(sum(companies.loan_average_balance) / max(months.month_count), 2) as average_loans,
    round(sum(companies.deposit_average_balance) / nullif(sum(companies.loan_average_balance), 0), 2)
        as deposits_per_loan,
    sum(companies.contribution_before_cost_amount) as income,
    sum(companies.pre_tax_contribution_amount) as contribution
from companies
cross join months
left join turnovers
    on
        companies.customer_durable_key = turnovers.customer_durable_key
        and companies.month_end_date = turnovers.month_end_date
group by companies.industry_name
order by income desc
