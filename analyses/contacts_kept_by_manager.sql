-- Contacts kept against contacts due, by team and manager, last complete month
-- How to read: due follows the cadence of each customer's grade and is capped in each week or month, so a
-- manager reaches 100 % only by keeping every one of them. A team is the ratio of the sums of its managers, not
-- the mean of their ratios. Made counts all contacts that could count.
with last_month as (
    select max(month_end_date) as month_end_date
    from marts.fct_contact_compliance
    where is_complete_month
)

select
    branches.branch_name as team,
    coalesce(managers.manager_name, 'all of the team') as manager,
    sum(compliance.contacts_due) as contacts_due,
    sum(compliance.contacts_kept) as contacts_kept,
    sum(compliance.contacts_made) as contacts_made,
    round(100 * sum(compliance.contacts_kept) / nullif(sum(compliance.contacts_due), 0), 1) as kept_percent
from marts.fct_contact_compliance as compliance
inner join last_month on compliance.month_end_date = last_month.month_end_date
inner join marts.dim_manager as managers on compliance.manager_key = managers.manager_key
inner join marts.dim_branch as branches on compliance.branch_key = branches.branch_key
group by
    grouping sets (
        (branches.branch_key, branches.branch_name, managers.manager_key, managers.manager_name),
        (branches.branch_key, branches.branch_name)
    )
order by team, branches.branch_key, managers.manager_key is not null, kept_percent, manager
