-- Grain: one rule that a team met or broke in one month. The first in contacts and in new accounts are
-- rewarded (teams that tie for first are all first), a team that is first in both by one higher reward;
-- a reward is void where a report is missing. A penalty is due for each breach, and never void.
with team_months as (
    select
        *,
        contact_count > 0 and rank() over (partition by month_end_date order by contact_count desc) = 1 as has_most_contacts,
        new_account_count > 0
        and rank() over (partition by month_end_date order by new_account_count desc) = 1 as has_most_new_accounts
    from {{ ref('fct_team_monthly') }}
),

rewarded_months as (
    select
        *,
        case
            when has_most_contacts and has_most_new_accounts then 'MOST_OF_BOTH'
            when has_most_contacts then 'MOST_CONTACTS'
            else 'MOST_NEW_ACCOUNTS'
        end as rule_code,
        missing_report_count > 0 as is_void
    from team_months
    where has_most_contacts or has_most_new_accounts
),

rewards as (
    select
        rewarded_months.*,
        case when rewarded_months.is_void then 0 else rules.amount end as reward_amount,
        0 as penalty_amount
    from rewarded_months
    inner join {{ ref('reward_rule') }} as rules
        on
            rewarded_months.rule_code = rules.rule_code
            and {{ valid_on('rules', 'rewarded_months.month_end_date') }}
),

penalties as (
    select
        *,
        'COMPLAINT_BREACH' as rule_code,
        false as is_void,
        0 as reward_amount,
        breach_penalty_amount as penalty_amount
    from team_months
    where breach_count > 0
),

amounts as (
    select * from rewards
    union all
    select * from penalties
)

select
    {{ surrogate_key("amounts.branch_durable_key", "amounts.month_end_date", "amounts.rule_code") }} as reward_penalty_key,
    amounts.month_end_date,
    coalesce(units.branch_key, -2) as branch_key,
    amounts.branch_durable_key,
    amounts.rule_code,
    amounts.is_void,
    amounts.contact_count,
    amounts.new_account_count,
    amounts.breach_count,
    amounts.missing_report_count,
    cast(amounts.reward_amount as decimal(18, 2)) as reward_amount,
    cast(amounts.penalty_amount as decimal(18, 2)) as penalty_amount,
    cast(amounts.reward_amount - amounts.penalty_amount as decimal(18, 2)) as net_amount
from amounts
left join {{ ref('dim_branch') }} as units
    on
        amounts.branch_durable_key = units.branch_durable_key
        and {{ valid_on('units', 'amounts.month_end_date') }}
