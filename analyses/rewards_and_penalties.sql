-- Rewards and penalties of teams, by month
-- How to read: the first teams of a month that has ended, and a penalty for every complaint that broke its term.
-- A void reward was won and is not paid, because a report is missing; it is paid once the report is handed in.
select
    rewards.month_end_date as month_end,
    branches.branch_name as team,
    rewards.rule_code,
    rewards.is_void,
    rewards.contact_count,
    rewards.new_account_count,
    rewards.breach_count,
    rewards.missing_report_count,
    rewards.reward_amount,
    rewards.penalty_amount,
    sum(rewards.net_amount) over (partition by rewards.month_end_date, rewards.branch_durable_key) as net_of_team
from marts.fct_reward_penalty as rewards
inner join marts.dim_branch as branches on rewards.branch_key = branches.branch_key
order by month_end asc, net_of_team desc, team asc, rewards.rule_code asc
