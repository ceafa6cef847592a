-- Vintages of loans: how each year's new loans fare as they grow older
-- How to read: follow one year of origination down its months on book; a younger vintage that is worse
-- at the same age was granted more loosely. Shares are of the loans still on the books at that age.
with ages as (
    select
        extract('year' from vintage_month_date) as vintage_year,
        12 * (months_on_book // 12) as months_on_book_from,
        month_end_date,
        count(*) as loan_count,
        sum(principal_balance) as principal,
        sum(case when days_past_due > 30 then principal_balance else 0 end) as over_30_days,
        sum(case when is_non_performing then principal_balance else 0 end) as non_performing
    from marts.fct_loan_monthly
    where vintage_month_date is not null
    group by vintage_year, months_on_book_from, month_end_date
)

select
    vintage_year,
    months_on_book_from,
    month_end_date as month_end,
    loan_count,
    principal,
    round(100 * over_30_days / nullif(greatest(principal, 0), 0), 2) as over_30_days_percent,
    round(100 * non_performing / nullif(greatest(principal, 0), 0), 2) as non_performing_percent
from ages
order by vintage_year, months_on_book_from, month_end
