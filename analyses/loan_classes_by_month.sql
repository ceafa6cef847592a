-- Loans by five-tier class at each month's end
-- How to read: the last three classes are non-performing; a rising share of special mention is the
-- early sign.
select
    loan_months.month_end_date as month_end,
    grades.risk_grade_name as risk_class,
    count(*) as loan_count,
    sum(loan_months.principal_balance) as principal
from marts.fct_loan_monthly as loan_months
inner join marts.dim_risk_grade as grades on loan_months.risk_grade_key = grades.risk_grade_key
group by loan_months.month_end_date, grades.risk_grade_name, grades.ordinal
order by month_end, grades.ordinal
