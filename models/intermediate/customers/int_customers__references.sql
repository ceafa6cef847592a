-- Every customer id that an account, a card, a loan, a manager's book, a contact or a relationship names,
-- resolved to the unified customer; one that no system has delivered becomes an inferred member.
with named_customers as (
    select
        'branch' as source_system,
        customer_id
    from {{ ref('stg_branch__account_parties') }}
    union
    select
        'branch' as source_system,
        customer_id
    from {{ ref('stg_branch__manager_assignments') }}
    union
    select
        'branch' as source_system,
        customer_id
    from {{ ref('stg_branch__customer_relationships') }}
    union
    select
        'branch' as source_system,
        related_customer_id as customer_id
    from {{ ref('stg_branch__customer_relationships') }}
    union
    select
        'branch' as source_system,
        customer_id
    from {{ ref('int_contacts__customers') }}
    union
    select
        'card' as source_system,
        customer_id
    from {{ ref('stg_card__cards') }}
    union
    select
        'loan' as source_system,
        customer_id
    from {{ ref('stg_loan__loans') }}
),

xref as (
    select * from {{ ref('int_customers__xref') }}
),

resolved_customers as (
    select
        named_customers.source_system,
        named_customers.customer_id as source_customer_id,
        coalesce(
            xref.customer_durable_key,
            {{ surrogate_key("'customer'", "named_customers.source_system", "named_customers.customer_id") }}
        ) as customer_durable_key,
        xref.customer_durable_key is null as is_inferred
    from named_customers
    left join xref
        on
            named_customers.source_system = xref.source_system
            and named_customers.customer_id = xref.source_customer_id
)

select * from resolved_customers
