-- Which manager answers for which unified customer, with what weight, in elementary segments: on every
-- date on which a customer has a manager the weights sum to 1. Where several ids of one customer bring
-- managers of their own, each keeps a proportionate part; the part nobody was named for goes to member -2.
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
    where assigned.weight > 0
),

segments as (
    {{ ownership_segments('assignments', 'customer_durable_key', 'manager_durable_key') }}
),

managers as (
    select
        customer_durable_key,
        manager_durable_key,
        precedence as manager_id,
        cast(sum(weight) * 1000000 as hugeint) as weight_units,
        valid_from,
        valid_to
    from segments
    group by customer_durable_key, manager_durable_key, precedence, valid_from, valid_to
),

running_weights as (
    select
        *,
        sum(weight_units) over (
            partition by customer_durable_key, valid_from
            order by manager_id
        ) as running_units,
        -- below the whole nothing is scaled
        greatest(sum(weight_units) over (partition by customer_durable_key, valid_from), 1000000) as total_units
    from managers
),

-- Rounded running parts less the one before, so that a customer's managers sum to 1.
weighted_managers as (
    select
        customer_durable_key,
        manager_durable_key,
        manager_id,
        cast(
            ((2 * running_units * 1000000 + total_units) // (2 * total_units))
            - ((2 * (running_units - weight_units) * 1000000 + total_units) // (2 * total_units))
            as decimal(15, 0)
        ) * cast(0.000001 as decimal(6, 6)) as weight,
        valid_from,
        valid_to
    from running_weights
),

unnamed_parts as (
    select
        customer_durable_key,
        cast(-2 as bigint) as manager_durable_key,
        cast(null as varchar) as manager_id,
        1 - sum(weight) as weight,
        valid_from,
        valid_to
    from weighted_managers
    group by customer_durable_key, valid_from, valid_to
    having sum(weight) < 1
),

all_parts as (
    select * from weighted_managers
    union all
    select * from unnamed_parts
)

select
    customer_durable_key,
    manager_durable_key,
    manager_id,
    cast(weight as decimal(9, 6)) as weight,
    valid_from,
    valid_to
from all_parts
