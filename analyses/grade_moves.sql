-- Moves between grades by month
-- How to read: each line is a move, dated by its month. Customers rise at once and fall only after three
-- months below and three on watch; many falls from A call for a visit before the watch ends.
select
    month_end_date as month_end,
    grade_move as direction,
    previous_grade_code as from_grade,
    grade_code as to_grade,
    count(*) as customer_count,
    sum(aum_average_balance) as average_assets
from marts.fct_customer_monthly
where grade_move in ('FIRST', 'UP', 'DOWN')
group by month_end_date, grade_move, previous_grade_code, grade_code
order by month_end_date desc, grade_move asc, previous_grade_code asc, grade_code asc
