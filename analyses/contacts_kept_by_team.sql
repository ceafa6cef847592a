-- Contacts kept against contacts due, by team, last complete month
-- How to read: due follows the cadence of each customer's grade and is capped in each week or month; the team that
-- keeps least comes first. Made counts all contacts that could count: a team that makes many and keeps few calls
-- the same customers too often.
with last_month as (
    select max(month_end_date) as month_end_date
    from marts.fct_contact_compliance
    where is_complete_month
)

select
    branches.region_name as region,
    branches.branch_name as team,
    count(distinct compliance.manager_durable_key) as manager_count,
    sum(compliance.contacts_due) as contacts_due,
    sum(compliance.contacts_kept) as contacts_kept,
    sum(compliance.contacts_made) as contacts_made,
    round(100 * sum(compliance.contacts_kept) / nullif(sum(compliance.contacts_due), 0), 1) as kept_percent
from marts.fct_contact_compliance as compliance
inner join last_month on compliance.month_end_date = last_month.month_end_date
inner join marts.dim_branch as branches on compliance.branch_key = branches.branch_key
group by branches.branch_key, branches.region_name, branches.branch_name
order by kept_percent asc nulls last, team asc
