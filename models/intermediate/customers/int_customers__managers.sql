-- Which manager answers for which unified customer, with what weight, in elementary segments.
with assignments as (
    select
        customer_references.customer_durable_key,
        {{ surrogate_key("'branch'", "assigned.manager_id") }} as manager_durable_key,
        assigned.manager_id as precedence,
        assigned.weight,
        assigned.valid_from,
        coalesce(assigned.valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ref('stg_branch__manager_assignments') }} as assigned
    inner join {{ ref('int_customers__references') }} as customer_references
        on
            assigned.customer_id = customer_references.source_customer_id
            and customer_references.source_system = 'branch'
),

segments as (
    {{ ownership_segments('assignments', 'customer_durable_key', 'manager_durable_key') }}
)

select
    customer_durable_key,
    manager_durable_key,
    precedence as manager_id,
    cast(sum(weight) as decimal(9, 6)) as weight,
    valid_from,
    valid_to
from segments
group by customer_durable_key, manager_durable_key, precedence, valid_from, valid_to
