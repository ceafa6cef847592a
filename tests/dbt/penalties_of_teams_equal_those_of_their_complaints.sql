-- In a month that is settled, teams pay what its breaches cost, to the cent.
with complaints as (
    select
        branch_durable_key,
        last_day(due_date) as month_end_date,
        sum(penalty_amount) as penalty_amount
    from {{ ref('fct_complaint') }}
    where penalty_amount > 0 and branch_durable_key > 0
    group by branch_durable_key, last_day(due_date)
),

settled_months as (
    select distinct month_end_date from {{ ref('fct_team_monthly') }}
),

teams as (
    select
        branch_durable_key,
        month_end_date,
        sum(penalty_amount) as penalty_amount
    from {{ ref('fct_reward_penalty') }}
    where rule_code = 'COMPLAINT_BREACH'
    group by branch_durable_key, month_end_date
),

settled_complaints as (
    select complaints.*
    from complaints
    inner join settled_months on complaints.month_end_date = settled_months.month_end_date
)

select
    settled_complaints.branch_durable_key,
    settled_complaints.month_end_date,
    settled_complaints.penalty_amount as of_complaints,
    teams.penalty_amount as of_teams
from settled_complaints
full outer join teams
    on
        settled_complaints.branch_durable_key = teams.branch_durable_key
        and settled_complaints.month_end_date = teams.month_end_date
where settled_complaints.penalty_amount is distinct from teams.penalty_amount
