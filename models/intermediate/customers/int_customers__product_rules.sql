-- A rule for what to offer, no prediction of a purchase: of the families a customer lacks, the one that most of the
-- customer's peers hold (active customers of the same type and grade), by name where two are level.
-- Grain: one active customer in the last month who lacks a family that a peer holds.
with last_month as (
    select max(month_end_date) as month_end_date from {{ ref('int_calendar__months') }}
),

segments as (
    select
        profiles.customer_durable_key,
        profiles.month_end_date,
        profiles.grade_code,
        customers.customer_type
    from {{ ref('int_customers__profiles') }} as profiles
    inner join last_month on profiles.month_end_date = last_month.month_end_date
    inner join {{ ref('int_customers__members') }} as customers
        on profiles.customer_key = customers.customer_key
),

held_families as (
    select
        segments.*,
        holdings.product_family
    from segments
    inner join {{ ref('int_customers__holdings') }} as holdings
        on
            segments.customer_durable_key = holdings.customer_durable_key
            and segments.month_end_date = holdings.month_end_date
),

peers as (
    select
        customer_type,
        grade_code,
        count(distinct customer_durable_key) as peer_count
    from held_families
    group by customer_type, grade_code
),

family_holders as (
    select
        customer_type,
        grade_code,
        product_family,
        count(distinct customer_durable_key) as holder_count
    from held_families
    where product_family is not null
    group by customer_type, grade_code, product_family
),

active_customers as (
    select distinct
        customer_durable_key,
        month_end_date,
        customer_type,
        grade_code
    from held_families
)

select
    active_customers.customer_durable_key,
    active_customers.month_end_date,
    family_holders.product_family as product_rule_family,
    cast(family_holders.holder_count as integer) as holder_count,
    cast(peers.peer_count as integer) as peer_count
from active_customers
inner join family_holders
    on
        active_customers.customer_type is not distinct from family_holders.customer_type
        and active_customers.grade_code = family_holders.grade_code
inner join peers
    on
        active_customers.customer_type is not distinct from peers.customer_type
        and active_customers.grade_code = peers.grade_code
left join held_families
    on
        active_customers.customer_durable_key = held_families.customer_durable_key
        and family_holders.product_family = held_families.product_family
where held_families.customer_durable_key is null
qualify row_number() over (
    partition by active_customers.customer_durable_key
    order by family_holders.holder_count desc, family_holders.product_family asc
) = 1
