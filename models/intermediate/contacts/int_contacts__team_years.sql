-- Teams of the years the data covers, and what counts for their targets. A team is the managers of one
-- unit on the year's last business date. Campaigns are unknown in a year without any campaign planned.
-- Grain: one unit in one year.
with years as (
    select
        cast(year(month_end_date) as integer) as plan_year,
        cast(date_trunc('year', max(month_end_date)) as date) as year_start_date,
        max(as_of_date) as as_of_date
    from {{ ref('int_calendar__months') }}
    where period_days > 0
    group by year(month_end_date)
),

teams as (
    select distinct
        years.plan_year,
        years.year_start_date,
        years.as_of_date,
        managers.branch_id
    from years
    inner join {{ ref('int_managers__versions') }} as managers
        on
            {{ valid_on('managers', 'years.as_of_date') }}
            and coalesce(managers.left_date, years.as_of_date) >= years.as_of_date
    where managers.branch_id is not null
),

planned_years as (
    select distinct plan_year from {{ ref('int_contacts__campaigns') }}
),

campaigns as (
    select
        units.branch_durable_key,
        campaigns.plan_year,
        count(*) as campaign_count
    from {{ ref('int_contacts__campaigns') }} as campaigns
    inner join {{ ref('int_branches__levels') }} as units
        on
            campaigns.branch_id = units.branch_id
            and units.is_current
    where campaigns.status in ('RUNNING', 'DONE')
    group by units.branch_durable_key, campaigns.plan_year
),

-- A customer is new in the year in which the first account, loan or card was taken up.
relationships as (
    select
        customer_durable_key,
        min(started_date) as started_date
    from {{ ref('int_customers__contracts') }}
    group by customer_durable_key
),

-- Who looks after them on the year's last business date has won them.
new_customers as (
    select
        years.plan_year,
        managers.branch_id,
        count(*) as new_customer_count
    from relationships
    inner join years
        on
            relationships.started_date >= years.year_start_date
            and relationships.started_date <= years.as_of_date
    {{ join_lead_manager('relationships.customer_durable_key', 'years.as_of_date') }}
    where managers.branch_id is not null
    group by years.plan_year, managers.branch_id
)

select
    units.branch_key,
    units.branch_durable_key,
    teams.branch_id,
    teams.plan_year,
    teams.year_start_date,
    teams.as_of_date = cast(teams.year_start_date + interval 1 year - interval 1 day as date) as is_year_over,
    cast(case when planned_years.plan_year is not null then coalesce(campaigns.campaign_count, 0) end as integer) as campaign_count,
    cast(coalesce(new_customers.new_customer_count, 0) as integer) as new_customer_count
from teams
inner join {{ ref('int_branches__levels') }} as units
    on
        teams.branch_id = units.branch_id
        and {{ valid_on('units', 'teams.as_of_date') }}
left join planned_years on teams.plan_year = planned_years.plan_year
left join campaigns
    on
        units.branch_durable_key = campaigns.branch_durable_key
        and teams.plan_year = campaigns.plan_year
left join new_customers
    on
        teams.branch_id = new_customers.branch_id
        and teams.plan_year = new_customers.plan_year
