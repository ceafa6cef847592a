-- The last customer of the curve completes the sum of all; ranks run from 1 without a gap.
select month_end_date
from {{ ref('fct_customer_monthly') }}
where value_rank is not null
group by month_end_date
having
    arg_max(cumulative_contribution_amount, value_rank) <> sum(year_contribution_amount)
    or max(value_rank) <> count(*)
    or count(distinct value_rank) <> count(*)
