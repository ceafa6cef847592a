-- Expected credit loss by stage at each month's end
-- How to read: stage 1 expects twelve months of loss, stage 2 the whole life after the risk has
-- increased, stage 3 has defaulted. Balance that walks from stage 1 to 2 multiplies its loss; covered is
-- the expected loss as a share of the exposure. Empty where the bank tells no rates.
with exposures as (
    select
        month_end_date,
        stage_number,
        exposure_at_default_amount,
        expected_credit_loss_amount,
        risk_weighted_amount,
        capital_amount
    from marts.fct_loan_monthly
    union all
    select
        month_end_date,
        stage_number,
        exposure_at_default_amount,
        expected_credit_loss_amount,
        risk_weighted_amount,
        capital_amount
    from marts.fct_card_monthly
)

select
    month_end_date as month_end,
    stage_number,
    count(*) as exposure_count,
    sum(exposure_at_default_amount) as exposure_at_default,
    sum(expected_credit_loss_amount) as expected_credit_loss,
    round(100 * sum(expected_credit_loss_amount) / nullif(sum(exposure_at_default_amount), 0), 2) as covered_percent,
    sum(risk_weighted_amount) as risk_weighted,
    sum(capital_amount) as capital
from exposures
group by month_end_date, stage_number
order by month_end, stage_number
