{{ config(materialized='ephemeral') }}

-- Managers who were in office in a month or had a book at its end.
-- Grain: one manager in one month that the data covers, from the month of refresh_from on.
with months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }} and period_days > 0
),

managers as (
    select * from {{ ref('int_managers__versions') }}
),

books as (
    select distinct
        months.month_end_date,
        books.manager_durable_key
    from {{ ref('int_customers__managers') }} as books
    inner join months
        on
            {{ valid_on('books', 'months.as_of_date') }}
)

select
    months.month_start_date,
    months.month_end_date,
    months.as_of_date,
    months.period_days,
    months.is_complete_month,
    managers.manager_key,
    managers.manager_durable_key,
    managers.manager_type,
    {{ member_key('branches.branch_key', 'managers.branch_id') }} as branch_key,
    branches.branch_level
from months
inner join managers
    on
        {{ valid_on('managers', 'months.as_of_date') }}
left join books
    on
        months.month_end_date = books.month_end_date
        and managers.manager_durable_key = books.manager_durable_key
left join {{ ref('int_branches__levels') }} as branches
    on
        managers.branch_id = branches.branch_id
        and {{ valid_on('branches', 'months.as_of_date') }}
where
    books.manager_durable_key is not null
    or (
        coalesce(managers.hired_date <= months.as_of_date, true)
        and coalesce(
            coalesce(managers.left_date, case when managers.is_deleted then managers.valid_from end)
            >= months.month_start_date,
            true
        )
    )
