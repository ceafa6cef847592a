-- Members of families and of groups of companies, one below the other.
with families as (
    select * from {{ ref('int_households__families') }}
),

groups as (
    select * from {{ ref('int_households__groups') }}
),

-- The head of a family is the member that was there first, then the one with the smallest key.
family_heads as (
    select
        household_key,
        customer_durable_key as head_durable_key
    from families
    qualify row_number() over (
        partition by household_key
        order by valid_from, customer_durable_key
    ) = 1
),

family_members as (
    select
        families.household_key,
        'HOUSEHOLD' as household_kind,
        families.household_name,
        family_heads.head_durable_key,
        families.customer_durable_key,
        case
            when families.customer_durable_key = family_heads.head_durable_key then 'HEAD'
            else 'MEMBER'
        end as member_role,
        families.valid_from,
        families.valid_to
    from families
    inner join family_heads
        on families.household_key = family_heads.household_key
),

group_members as (
    select
        household_key,
        'GROUP' as household_kind,
        cast(null as varchar) as household_name,
        head_durable_key,
        customer_durable_key,
        member_role,
        valid_from,
        valid_to
    from groups
)

select * from family_members
union all
select * from group_members
