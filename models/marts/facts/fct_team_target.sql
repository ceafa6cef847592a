-- Grain: one target of one team in one year. Numerators and denominators add up over teams, so that the
-- attainment of a region is a ratio of sums.
with team_years as (
    select * from {{ ref('int_contacts__team_years') }}
),

-- The target that names the unit goes before the one that stands for every other.
targets_of_teams as (
    select
        team_years.branch_durable_key,
        team_years.plan_year,
        targets.target_code,
        targets.target_value
    from team_years
    inner join {{ ref('team_target') }} as targets
        on
            targets.branch_id in (team_years.branch_id, '*')
            and {{ valid_on('targets', 'team_years.year_start_date') }}
    qualify row_number() over (
        partition by team_years.branch_durable_key, team_years.plan_year, targets.target_code
        order by targets.branch_id = '*'
    ) = 1
),

quotas as (
    select * from targets_of_teams
    where target_code = 'CUSTOMER_QUOTA'
),

actuals as (
    select
        team_years.*,
        targets_of_teams.target_code,
        targets_of_teams.target_value,
        case targets_of_teams.target_code
            when 'CAMPAIGN_COUNT' then cast(team_years.campaign_count as decimal(12, 4))
            else cast(team_years.new_customer_count as decimal(12, 4))
        end as numerator,
        case targets_of_teams.target_code
            when 'CUSTOMER_QUOTA_SHARE' then quotas.target_value
            else cast(1 as decimal(12, 4))
        end as denominator
    from team_years
    inner join targets_of_teams
        on
            team_years.branch_durable_key = targets_of_teams.branch_durable_key
            and team_years.plan_year = targets_of_teams.plan_year
    left join quotas
        on
            team_years.branch_durable_key = quotas.branch_durable_key
            and team_years.plan_year = quotas.plan_year
)

select
    {{ surrogate_key("branch_durable_key", "plan_year", "target_code") }} as team_target_key,
    branch_key,
    branch_durable_key,
    target_code,
    plan_year,
    is_year_over,
    -- numerator / denominator against the target, without a division
    numerator >= target_value * denominator as is_met,
    target_value,
    numerator,
    denominator,
    {{ ratio("cast(numerator * 10000 as hugeint)", "cast(denominator * 10000 as hugeint)") }} as actual_value
from actuals
