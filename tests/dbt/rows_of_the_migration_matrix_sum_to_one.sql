-- Of every class at the start, the shares of the classes at the end sum to 1, to the last place; and
-- all starts are the exposures that owed anything at the end of the month before.
with matrix_rows as (
    select
        month_end_date,
        asset_kind,
        currency_key,
        start_risk_grade_key,
        sum(count_share) as count_share,
        sum(balance_share) as balance_share,
        sum(start_balance) as start_balance
    from {{ ref('fct_credit_migration') }}
    group by month_end_date, asset_kind, currency_key, start_risk_grade_key
)

select * from matrix_rows
where count_share <> 1 or balance_share <> 1
