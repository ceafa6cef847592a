-- Per account, amounts and fees sum to the same before and after netting, and reversals are no business.
select
    account_durable_key,
    sum(signed_amount) as signed_amount,
    sum(net_signed_amount) as net_signed_amount,
    sum(fee_income_amount) as fee_income_amount,
    sum(net_fee_income_amount) as net_fee_income_amount
from {{ ref('fct_transaction') }}
group by account_durable_key
having
    sum(signed_amount) <> sum(net_signed_amount)
    or sum(fee_income_amount) <> sum(net_fee_income_amount)
    or sum(business_entry_count) <> count(*) filter (where not is_reversal and not is_reversed)
