-- Grain: one customer that has a manager today: the ids of its managers as one text, so that a row rule
-- finds a manager's own book. A customer that several managers share stands in the book of each.
with business_day as (
    select max(as_of_date) as business_date from {{ ref('int_calendar__months') }}
),

assignments as (
    select * from {{ ref('bridge_manager_customer') }}
),

managers as (
    select * from {{ ref('dim_manager') }}
    where is_current and manager_durable_key > 0
)

select
    assignments.customer_durable_key,
    '/' || string_agg(distinct managers.manager_id, '/' order by managers.manager_id) || '/' as manager_path
from assignments
inner join business_day on {{ valid_on('assignments', 'business_day.business_date') }}
inner join managers on assignments.manager_durable_key = managers.manager_durable_key
where assignments.weight > 0
group by assignments.customer_durable_key
