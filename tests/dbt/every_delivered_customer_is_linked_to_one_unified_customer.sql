-- Every customer that a system delivered is one of today's links, and of one only.
with delivered as (
    select distinct
        source_system,
        customer_id
    from {{ ref('int_customers__source_records') }}
),

links as (
    select * from {{ ref('int_customers__xref') }}
)

select
    delivered.source_system,
    delivered.customer_id
from delivered
left join links
    on
        delivered.source_system = links.source_system
        and delivered.customer_id = links.source_customer_id
group by delivered.source_system, delivered.customer_id
having count(links.customer_durable_key) <> 1
