-- How punctually instalments are paid, by month in which they fell due
-- How to read: paid on the day, within 30 days, later, and not yet; what stays unpaid leads the overdue
-- classes by months. Instalments due before the data began are left out: only the unpaid ones are known.
select
    last_day(due_date) as month_end,
    count(*) as instalment_count,
    sum(due_amount) as due,
    round(100.0 * count(*) filter (where is_met and days_late <= 0) / count(*), 1) as on_time_percent,
    round(100.0 * count(*) filter (where is_met and days_late between 1 and 30) / count(*), 1) as within_30_days_percent,
    round(100.0 * count(*) filter (where is_met and days_late > 30) / count(*), 1) as later_percent,
    round(100.0 * count(*) filter (where is_overdue) / count(*), 1) as unpaid_percent,
    sum(unpaid_amount) as unpaid
from marts.fct_repayment
where
    (is_met or is_overdue)
    and due_date >= (select min(entries.value_date) from marts.fct_transaction as entries)
group by month_end
order by month_end
