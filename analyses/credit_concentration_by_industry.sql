-- Concentration of loans by industry of the borrower, latest month
-- How to read: the share of each industry in all principal and in all that is non-performing; an
-- industry whose second share is far above its first is where the risk sits. The last column is what
-- the largest borrower of the industry owes, as a share of the industry. Persons stand by occupation.
with last_months as (
    select max(month_end_date) as month_end_date from marts.fct_loan_monthly
),

borrowers as (
    select
        loans.customer_durable_key,
        loans.currency_key,
        industries.industry_name as industry,
        customers.customer_type,
        sum(loans.principal_balance) as principal,
        sum(case when loans.is_non_performing then loans.principal_balance else 0 end) as non_performing,
        sum(loans.risk_weighted_amount) as risk_weighted
    from marts.fct_loan_monthly as loans
    inner join last_months on loans.month_end_date = last_months.month_end_date
    inner join marts.dim_customer as customers on loans.customer_key = customers.customer_key
    inner join marts.dim_industry as industries on customers.industry_key = industries.industry_key
    group by loans.customer_durable_key, loans.currency_key, industry, customers.customer_type
),

industry_loans as (
    select
        industry,
        customer_type,
        currency_key,
        count(*) as borrower_count,
        sum(principal) as principal,
        sum(non_performing) as non_performing,
        sum(risk_weighted) as risk_weighted,
        max(principal) as largest
    from borrowers
    group by industry, customer_type, currency_key
)

select
    currencies.currency_code as currency,
    industries.industry,
    industries.customer_type,
    industries.borrower_count,
    industries.principal,
    industries.risk_weighted,
    round(100 * industries.principal / nullif(greatest(sum(industries.principal) over bank, 0), 0), 2) as principal_share_percent,
    round(100 * industries.non_performing / nullif(greatest(sum(industries.non_performing) over bank, 0), 0), 2)
        as non_performing_share_percent,
    round(100 * industries.largest / nullif(greatest(industries.principal, 0), 0), 1) as largest_borrower_percent
from industry_loans as industries
inner join marts.dim_currency as currencies on industries.currency_key = currencies.currency_key
window bank as (partition by industries.currency_key)
order by currency asc, industries.principal desc, industries.industry asc, industries.customer_type asc
