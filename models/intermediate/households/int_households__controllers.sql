-- Who controls a company: its parent, else its legal representative; of several, the smallest id.
-- At most one on a day. Grain: one controlled company in one segment (half-open).
with relationships as (
    select * from {{ ref('stg_branch__customer_relationships') }}
),

customer_references as (
    select
        source_customer_id,
        customer_durable_key
    from {{ ref('int_customers__references') }}
    where source_system = 'branch'
),

resolved_relationships as (
    select
        controlled.customer_durable_key,
        controller.customer_durable_key as controller_durable_key,
        case relationships.relationship_type when 'PARENT' then 1 else 2 end as precedence,
        relationships.related_customer_id as weight,
        relationships.valid_from,
        coalesce(relationships.valid_to, cast('9999-12-31' as date)) as valid_to
    from relationships
    inner join customer_references as controlled
        on relationships.customer_id = controlled.source_customer_id
    inner join customer_references as controller
        on relationships.related_customer_id = controller.source_customer_id
    -- two ids of one unified customer do not control each other
    where controlled.customer_durable_key <> controller.customer_durable_key
),

segments as (
    {{ ownership_segments('resolved_relationships', 'customer_durable_key', 'controller_durable_key') }}
)

select
    customer_durable_key,
    controller_durable_key,
    valid_from,
    valid_to
from segments
qualify row_number() over (
    partition by customer_durable_key, valid_from
    order by precedence, weight
) = 1
