-- Contacts kept and due of a manager's book. Compliance = kept / due; both add up over managers and months.
-- Grain: one manager in one month in which a contact was due.
select
    manager_durable_key,
    month_end_date,
    cast(sum(contacts_due) as integer) as contacts_due,
    cast(sum(contacts_kept) as integer) as contacts_kept
from {{ ref('int_contacts__customer_months') }}
group by manager_durable_key, month_end_date
