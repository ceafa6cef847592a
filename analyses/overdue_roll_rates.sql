-- Roll rates: where the overdue buckets of one month stand in the next
-- How to read: rolled worse is the part of a bucket's balance that is later a month on, cured is the
-- part that owes nothing overdue any more. A roll rate of the first bucket that rises is the earliest
-- sign of trouble.
with moves as (
    select
        month_end_date,
        previous_overdue_bucket_code as bucket,
        overdue_bucket_code as next_bucket,
        previous_principal_balance as start_balance,
        'Loans' as asset_kind
    from marts.fct_loan_monthly
    where previous_overdue_bucket_code is not null
    union all
    select
        month_end_date,
        previous_overdue_bucket_code as bucket,
        overdue_bucket_code as next_bucket,
        previous_balance as start_balance,
        'Cards' as asset_kind
    from marts.fct_card_monthly
    where previous_overdue_bucket_code is not null
)

select
    month_end_date as month_end,
    asset_kind,
    bucket,
    count(*) as exposure_count,
    sum(start_balance) as start_balance,
    round(100 * coalesce(sum(start_balance) filter (where next_bucket > bucket), 0) / nullif(greatest(sum(start_balance), 0), 0), 1)
        as rolled_worse_percent,
    round(100 * coalesce(sum(start_balance) filter (where next_bucket = bucket), 0) / nullif(greatest(sum(start_balance), 0), 0), 1)
        as stayed_percent,
    round(
        100 * coalesce(sum(start_balance) filter (where next_bucket < bucket and next_bucket <> 'M0'), 0)
        / nullif(greatest(sum(start_balance), 0), 0), 1
    ) as rolled_better_percent,
    round(
        100 * coalesce(sum(start_balance) filter (where next_bucket = 'M0' and bucket <> 'M0'), 0)
        / nullif(greatest(sum(start_balance), 0), 0), 1
    ) as cured_percent
from moves
group by month_end_date, asset_kind, bucket
order by month_end asc, asset_kind desc, bucket asc
