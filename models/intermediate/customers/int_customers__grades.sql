-- Grades A to D of customers by monthly average assets under management, as a path over months: up at
-- once; below the grade for some months (grace) and some more (watch) it stays; in the month after, it
-- becomes the grade of the best of those months. All of history is one path, so this is a plain table.
-- Grain: one customer in one month, from the first month with an account on; also while none is left.
with recursive months as (
    select
        months.month_end_date,
        months.as_of_date,
        terms.grade_grace_months,
        terms.grade_watch_months,
        row_number() over (order by months.month_end_date) as month_number
    from {{ ref('int_calendar__months') }} as months
    inner join {{ ref('int_customers__parameters') }} as terms
        on months.month_end_date = terms.month_end_date
    where months.period_days > 0
),

balances as (
    select * from {{ ref('int_customers__months') }}
    where customer_durable_key > 0
),

holders as (
    select distinct
        customer_durable_key,
        month_end_date
    from {{ ref('int_customers__holdings') }}
    where customer_durable_key > 0
),

first_months as (
    select
        customer_durable_key,
        min(month_end_date) as first_month_end_date
    from (
        select
            customer_durable_key,
            month_end_date
        from balances
        union all
        select * from holders
    ) as appearances
    group by customer_durable_key
),

bands as (
    select * from {{ ref('value_band') }}
    where band_kind = 'GRADE'
),

graded_months as (
    select
        first_months.customer_durable_key,
        months.month_number,
        months.month_end_date,
        months.as_of_date,
        months.grade_grace_months,
        months.grade_grace_months + months.grade_watch_months as patience_months,
        row_number() over (
            partition by first_months.customer_durable_key order by months.month_number
        ) = 1 as is_first_month,
        holders.customer_durable_key is not null as is_active,
        coalesce(balances.aum_average_balance, 0) as aum_average_balance,
        bands.ordinal as balance_ordinal
    from first_months
    inner join months on first_months.first_month_end_date <= months.month_end_date
    left join balances
        on
            first_months.customer_durable_key = balances.customer_durable_key
            and months.month_end_date = balances.month_end_date
    left join holders
        on
            first_months.customer_durable_key = holders.customer_durable_key
            and months.month_end_date = holders.month_end_date
    inner join bands
        on
            coalesce(balances.aum_average_balance, 0) >= bands.range_from
            and coalesce(balances.aum_average_balance, 0) < bands.range_to
            and {{ valid_on('bands', 'months.as_of_date') }}
),

-- months_below counts the months below the held grade without a break; best_ordinal is the best of them.
path as (
    select
        customer_durable_key,
        month_number,
        balance_ordinal as ordinal,
        cast(null as integer) as previous_ordinal,
        0 as months_below,
        0 as best_ordinal
    from graded_months
    where is_first_month
    union all
    select
        steps.customer_durable_key,
        steps.month_number,
        case steps.step
            when 'KEPT' then steps.held_ordinal
            when 'LOST' then steps.best_ordinal
            else steps.balance_ordinal
        end as ordinal,
        steps.held_ordinal as previous_ordinal,
        case
            when steps.step = 'KEPT' then steps.months_below
            when steps.step = 'LOST' and steps.balance_ordinal < steps.best_ordinal then 1
            else 0
        end as months_below,
        case
            when steps.step = 'KEPT' then steps.best_ordinal
            when steps.step = 'LOST' and steps.balance_ordinal < steps.best_ordinal then steps.balance_ordinal
            else 0
        end as best_ordinal
    from (
        select
            graded_months.customer_durable_key,
            graded_months.month_number,
            graded_months.balance_ordinal,
            path.ordinal as held_ordinal,
            path.months_below + 1 as months_below,
            greatest(path.best_ordinal, graded_months.balance_ordinal) as best_ordinal,
            case
                when graded_months.balance_ordinal >= path.ordinal then 'REACHED'
                when path.months_below < graded_months.patience_months then 'KEPT'
                else 'LOST'
            end as step
        from path
        inner join graded_months
            on
                path.customer_durable_key = graded_months.customer_durable_key
                and path.month_number + 1 = graded_months.month_number
    ) as steps
)

select
    path.customer_durable_key,
    graded_months.month_end_date,
    grades.band_code as grade_code,
    previous_grades.band_code as previous_grade_code,
    balance_grades.band_code as balance_grade_code,
    case
        when path.previous_ordinal is null then 'FIRST'
        when path.ordinal > path.previous_ordinal then 'UP'
        when path.ordinal < path.previous_ordinal then 'DOWN'
        else 'NONE'
    end as grade_move,
    path.months_below > graded_months.grade_grace_months as is_on_watch,
    graded_months.is_active,
    path.months_below,
    graded_months.aum_average_balance
from path
inner join graded_months
    on
        path.customer_durable_key = graded_months.customer_durable_key
        and path.month_number = graded_months.month_number
left join bands as grades
    on
        path.ordinal = grades.ordinal
        and {{ valid_on('grades', 'graded_months.as_of_date') }}
left join bands as previous_grades
    on
        path.previous_ordinal = previous_grades.ordinal
        and {{ valid_on('previous_grades', 'graded_months.as_of_date') }}
left join bands as balance_grades
    on
        graded_months.balance_ordinal = balance_grades.ordinal
        and {{ valid_on('balance_grades', 'graded_months.as_of_date') }}
