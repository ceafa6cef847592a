-- Profit contribution by branch, complete months
-- How to read: margin and fees, less taxes on turnover, cost to serve and expected loss, make the
-- contribution before tax; a branch with margin but a negative contribution pays for its losses or
-- its counters. Empty lines are unknown, not zero.
select
    branches.region_name as region,
    coalesce(branches.main_branch_name, branches.branch_name) as branch,
    sum(profit.ftp_margin_amount) as margin,
    sum(profit.fee_income_amount) as fees,
    sum(profit.vat_amount + profit.surcharge_amount) as turnover_tax,
    sum(profit.cost_to_serve_amount) as cost_to_serve,
    sum(profit.expected_loss_amount) as loss,
    sum(profit.pre_tax_contribution_amount) as before_tax,
    sum(profit.economic_value_added_amount) as value_added
from marts.fct_profit_monthly as profit
inner join marts.dim_branch as branches on profit.branch_key = branches.branch_key
where profit.is_complete_month
group by branches.region_name, coalesce(branches.main_branch_name, branches.branch_name)
order by before_tax desc nulls last, fees desc, branch asc
