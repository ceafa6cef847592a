-- Growth of deposits by branch, cleaned of transfers
-- How to read: the change of deposits since the data began splits into what came from outside (new,
-- ordinary, lost: the growth that counts) and what only moved inside the bank. A branch whose change
-- is larger than its growth lives on accounts that others gave it. Lines add up to the change.
select
    branches.region_name as region,
    coalesce(branches.main_branch_name, branches.branch_name) as branch,
    sum(flows.flow_amount) as change_of_deposits,
    coalesce(sum(flows.flow_amount) filter (where flows.is_growth), 0) as growth,
    coalesce(sum(flows.flow_amount) filter (where classes.flow_group = 'NEW'), 0) as new_money,
    coalesce(sum(flows.flow_amount) filter (where classes.flow_group = 'LOST'), 0) as lost,
    coalesce(sum(flows.flow_amount) filter (where classes.flow_group = 'WITHIN_ACCOUNT'), 0) as ordinary,
    coalesce(sum(flows.flow_amount) filter (where classes.flow_group = 'OWN_ACCOUNTS'), 0) as own_accounts,
    coalesce(sum(flows.flow_amount) filter (where classes.flow_group = 'INSIDE_THE_BANK'), 0) as other_customers,
    coalesce(sum(flows.flow_amount) filter (where classes.flow_group = 'BETWEEN_BRANCHES'), 0) as between_branches
from marts.fct_fund_flow as flows
inner join marts.dim_flow_class as classes on flows.flow_class_key = classes.flow_class_key
inner join marts.dim_branch as branches on flows.branch_key = branches.branch_key
where flows.account_type = 'DEPOSIT' and classes.flow_group <> 'OPENING'
group by branches.region_name, coalesce(branches.main_branch_name, branches.branch_name)
order by growth desc, branch asc
