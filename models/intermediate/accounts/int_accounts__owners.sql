-- Who owns an account, with what weight, cut into elementary segments: on every date on which an
-- account has an owner its weights sum to 1, the part nobody was named for going to member -2.
with customer_references as (
    select * from {{ ref('int_customers__references') }}
),

account_parties as (
    select
        {{ surrogate_key("'branch'", "account_id") }} as account_durable_key,
        'branch' as source_system,
        customer_id,
        party_role,
        weight,
        valid_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
    from {{ ref('stg_branch__account_parties') }}
    where weight > 0
),

borrowers_and_holders as (
    select
        account_durable_key,
        source_system,
        customer_id,
        'OWNER' as party_role,
        cast(1 as decimal(9, 6)) as weight,
        valid_from,
        valid_to
    from {{ ref('int_accounts__versions') }}
    where customer_id is not null
),

all_parties as (
    select * from account_parties
    union all
    select * from borrowers_and_holders
),

unified_parties as (
    select
        all_parties.account_durable_key,
        customer_references.customer_durable_key,
        all_parties.party_role as precedence,
        all_parties.weight,
        all_parties.valid_from,
        all_parties.valid_to
    from all_parties
    inner join customer_references
        on
            all_parties.source_system = customer_references.source_system
            and all_parties.customer_id = customer_references.source_customer_id
),

segments as (
    {{ ownership_segments('unified_parties', 'account_durable_key', 'customer_durable_key') }}
),

-- Two ids of one unified customer on one account are one owner.
owners as (
    select
        account_durable_key,
        customer_durable_key,
        -- OWNER sorts after JOINT
        max(precedence) as party_role,
        cast(sum(weight) as decimal(9, 6)) as weight,
        valid_from,
        valid_to
    from segments
    group by account_durable_key, customer_durable_key, valid_from, valid_to
),

unnamed_parts as (
    select
        account_durable_key,
        cast(-2 as bigint) as customer_durable_key,
        'OWNER' as party_role,
        cast(1 - sum(weight) as decimal(9, 6)) as weight,
        valid_from,
        valid_to
    from owners
    group by account_durable_key, valid_from, valid_to
    having sum(weight) < 1
)

select * from owners
union all
select * from unnamed_parts
