-- Who owns an account, with what weight, cut into elementary segments: on every date on which an
-- account has an owner its weights sum to 1. A third is delivered as 0.333333: weights within a
-- millionth per owner of 1 are scaled to 1, and the last owner by key takes the remainder. The part
-- nobody was named for goes to member -2; so does the whole account where the weights exceed 1,
-- because nobody can tell which of them is wrong.
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

owners_with_totals as (
    select
        *,
        sum(weight) over (partition by account_durable_key, valid_from) as total_weight,
        count(*) over (partition by account_durable_key, valid_from) as owner_count,
        lead(weight) over (
            partition by account_durable_key, valid_from
            order by customer_durable_key
        ) is null as is_last
    from owners
),

scaled_owners as (
    select
        *,
        abs(total_weight - 1) * 1000000 <= owner_count as is_whole,
        case
            when abs(total_weight - 1) * 1000000 <= owner_count
                then cast(weight / total_weight as decimal(9, 6))
            when total_weight < 1 then weight
            else 0
        end as scaled_weight
    from owners_with_totals
),

named_owners as (
    select
        account_durable_key,
        customer_durable_key,
        party_role,
        case
            when is_whole and is_last
                then
                    scaled_weight + 1
                    - sum(scaled_weight) over (partition by account_durable_key, valid_from)
            else scaled_weight
        end as weight,
        valid_from,
        valid_to
    from scaled_owners
),

unnamed_parts as (
    select
        account_durable_key,
        cast(-2 as bigint) as customer_durable_key,
        'OWNER' as party_role,
        1 - sum(weight) as weight,
        valid_from,
        valid_to
    from named_owners
    group by account_durable_key, valid_from, valid_to
),

all_owners as (
    select * from named_owners
    union all
    select * from unnamed_parts
)

select
    account_durable_key,
    customer_durable_key,
    party_role,
    cast(weight as decimal(9, 6)) as weight,
    valid_from,
    valid_to
from all_owners
where weight > 0
