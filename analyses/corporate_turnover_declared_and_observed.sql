-- Turnover of companies, declared against observed, latest month
-- How to read: what a company declared for its last fiscal year against what its accounts here took
-- in, annualised from the observed days. Far below 100 % the company banks elsewhere or declared too
-- much, far above it declared too little; a few weeks observed are a hint, not a finding.
with last_month as (
    select max(month_end_date) as month_end_date from marts.fct_corporate_turnover_monthly
)

select
    customers.full_name as company,
    turnover.declared_year_end_date as declared_year_end,
    turnover.declared_turnover_amount as declared_turnover,
    turnover.annualised_turnover_amount as observed_a_year,
    turnover.observed_days,
    round(100 * turnover.annualised_turnover_amount / nullif(greatest(turnover.declared_turnover_amount, 0), 0), 1)
        as observed_share_percent
from marts.fct_corporate_turnover_monthly as turnover
inner join last_month on turnover.month_end_date = last_month.month_end_date
inner join marts.dim_customer as customers on turnover.customer_key = customers.customer_key
where turnover.declared_turnover_amount is not null
order by observed_share_percent asc nulls last, declared_turnover desc, company asc
limit 25
