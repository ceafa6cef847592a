-- Every month starts from the grade of the month before, and falls only after the watch.
with followed as (
    select
        *,
        lag(grade_code) over months as grade_before,
        lag(is_on_watch) over months as was_on_watch
    from {{ ref('fct_customer_monthly') }}
    where grade_code is not null
    window months as (partition by customer_durable_key order by month_end_date)
)

select
    customer_durable_key,
    month_end_date
from followed
where
    previous_grade_code is distinct from grade_before
    or (grade_move = 'FIRST') <> (grade_before is null)
    or (grade_move = 'DOWN' and not was_on_watch)
    or (grade_move = 'NONE' and grade_code <> grade_before)
