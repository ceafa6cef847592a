-- Companies under one last controller, and the controller: a parent company, or a person who
-- represents two companies or more. A chain is followed up to ten steps, and not into a circle.
with recursive controllers as (
    select * from {{ ref('int_households__controllers') }}
),

persons as (
    select customer_durable_key
    from {{ ref('int_customers__versions') }}
    where is_current and customer_type = 'PERSON'
),

chains as (
    select
        customer_durable_key,
        controller_durable_key as head_durable_key,
        valid_from,
        valid_to,
        1 as step_count
    from controllers
    union all
    select
        chains.customer_durable_key,
        controllers.controller_durable_key as head_durable_key,
        greatest(chains.valid_from, controllers.valid_from) as valid_from,
        least(chains.valid_to, controllers.valid_to) as valid_to,
        chains.step_count + 1 as step_count
    from chains
    inner join controllers
        on
            chains.head_durable_key = controllers.customer_durable_key
            and chains.valid_from < controllers.valid_to
            and chains.valid_to > controllers.valid_from
    where
        chains.step_count < 10
        and controllers.controller_durable_key <> chains.customer_durable_key
),

ranked_chains as (
    select
        customer_durable_key,
        head_durable_key,
        step_count as precedence,
        cast(null as varchar) as weight,
        valid_from,
        valid_to
    from chains
),

chain_segments as (
    {{ ownership_segments('ranked_chains', 'customer_durable_key', 'head_durable_key') }}
),

last_controllers as (
    select
        head_durable_key,
        customer_durable_key,
        precedence,
        weight,
        valid_from,
        valid_to
    from chain_segments
    qualify row_number() over (
        partition by customer_durable_key, valid_from
        order by precedence desc
    ) = 1
),

group_segments as (
    {{ ownership_segments('last_controllers', 'head_durable_key', 'customer_durable_key') }}
),

counted_members as (
    select
        group_segments.*,
        count(*) over (
            partition by group_segments.head_durable_key, group_segments.valid_from
        ) as company_count,
        persons.customer_durable_key is not null as is_headed_by_person
    from group_segments
    left join persons
        on group_segments.head_durable_key = persons.customer_durable_key
),

companies as (
    select
        head_durable_key,
        customer_durable_key,
        valid_from,
        valid_to
    from counted_members
    where company_count >= 2 or not is_headed_by_person
),

members as (
    select
        head_durable_key,
        customer_durable_key,
        'MEMBER' as member_role,
        valid_from,
        valid_to
    from companies
    union
    select
        head_durable_key,
        head_durable_key as customer_durable_key,
        'HEAD' as member_role,
        valid_from,
        valid_to
    from companies
),

groups as (
    {{ merge_spans('members', ['head_durable_key', 'customer_durable_key', 'member_role']) }}
)

select
    {{ surrogate_key("'group'", "head_durable_key") }} as household_key,
    head_durable_key,
    customer_durable_key,
    member_role,
    valid_from,
    valid_to
from groups
