-- Non-performing ratio and coverage of loans and cards at each month's end
-- How to read: the ratio is what stands in the last three classes as a share of all that is owed;
-- coverage is the provisions, general and specific, as a share of what is non-performing. A ratio that
-- rises while coverage falls is the alarm. Amounts are within one currency.
with exposures as (
    select
        month_end_date,
        'Loans' as asset_kind,
        currency_key,
        principal_balance as balance,
        is_non_performing,
        general_provision_amount + specific_provision_amount as provision_amount
    from marts.fct_loan_monthly
    union all
    select
        month_end_date,
        'Cards' as asset_kind,
        currency_key,
        greatest(end_balance, 0) as balance,
        is_non_performing,
        general_provision_amount + specific_provision_amount as provision_amount
    from marts.fct_card_monthly
),

months as (
    select
        month_end_date,
        asset_kind,
        currency_key,
        sum(balance) as balance,
        sum(case when is_non_performing then balance else 0 end) as non_performing_balance,
        sum(provision_amount) as provision_amount
    from exposures
    group by month_end_date, asset_kind, currency_key
)

select
    months.month_end_date as month_end,
    months.asset_kind,
    currencies.currency_code as currency,
    months.balance,
    months.non_performing_balance,
    months.provision_amount as provisions,
    round(100 * months.non_performing_balance / nullif(greatest(months.balance, 0), 0), 2) as npl_percent,
    round(100 * months.provision_amount / nullif(greatest(months.non_performing_balance, 0), 0), 1) as coverage_percent
from months
inner join marts.dim_currency as currencies on months.currency_key = currencies.currency_key
order by month_end asc, months.asset_kind desc, currency asc
