-- Migration between the five classes in the last complete month
-- How to read: each row is a class at the start of the month, each column a class at its end, in per
-- cent of the start balance; a row sums to 100. Right of the diagonal is deterioration, left of it cure;
-- the last column has been repaid.
with last_months as (
    select
        asset_kind,
        max(month_end_date) as month_end_date
    from marts.fct_credit_migration
    where is_complete_month
    group by asset_kind
),

moves as (
    select
        migration.month_end_date,
        migration.asset_kind,
        migration.currency_key,
        start_grades.risk_grade_name as start_class,
        start_grades.ordinal as start_ordinal,
        case when migration.end_risk_grade_key = -3 then 'REPAID' else end_grades.risk_grade_code end as end_class,
        migration.start_balance,
        migration.exposure_count,
        migration.balance_share
    from marts.fct_credit_migration as migration
    inner join last_months
        on
            migration.asset_kind = last_months.asset_kind
            and migration.month_end_date = last_months.month_end_date
    inner join marts.dim_risk_grade as start_grades on migration.start_risk_grade_key = start_grades.risk_grade_key
    inner join marts.dim_risk_grade as end_grades on migration.end_risk_grade_key = end_grades.risk_grade_key
)

select
    moves.month_end_date as month_end,
    moves.asset_kind,
    currencies.currency_code as currency,
    moves.start_class,
    sum(moves.exposure_count) as exposure_count,
    sum(moves.start_balance) as start_balance,
    round(100 * sum(case moves.end_class when 'NORMAL' then moves.balance_share else 0 end), 2) as normal,
    round(100 * sum(case moves.end_class when 'SPECIAL_MENTION' then moves.balance_share else 0 end), 2) as special_mention,
    round(100 * sum(case moves.end_class when 'SUBSTANDARD' then moves.balance_share else 0 end), 2) as substandard,
    round(100 * sum(case moves.end_class when 'DOUBTFUL' then moves.balance_share else 0 end), 2) as doubtful,
    round(100 * sum(case moves.end_class when 'LOSS' then moves.balance_share else 0 end), 2) as loss,
    round(100 * sum(case moves.end_class when 'REPAID' then moves.balance_share else 0 end), 2) as repaid
from moves
inner join marts.dim_currency as currencies on moves.currency_key = currencies.currency_key
group by moves.month_end_date, moves.asset_kind, currency, moves.start_class, moves.start_ordinal
order by moves.asset_kind desc, currency asc, moves.start_ordinal asc
