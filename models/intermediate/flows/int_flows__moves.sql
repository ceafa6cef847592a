{{ config(materialized='ephemeral') }}

-- Balances that did not change but went to another unit, lead owner or lead manager: out under the
-- keys of the day before, in under those of the day. A change of unit outranks one of the owner, and
-- that one of the manager, so that an account moves once a day.
-- Grain: one account, business date from refresh_from on, and direction.
with accounts as (
    select * from {{ ref('int_accounts__members') }}
    where account_type in ('DEPOSIT', 'LOAN')
),

lead_owners as (
    select * from {{ ref('int_accounts__lead_owners') }}
),

lead_managers as (
    select * from {{ ref('int_customers__lead_managers') }}
),

last_night as (
    select max(as_of_date) as business_date from {{ ref('int_calendar__months') }}
),

dates_of_managers as (
    select
        customer_durable_key,
        valid_from as flow_date
    from lead_managers
    union
    select
        customer_durable_key,
        valid_to as flow_date
    from lead_managers
),

candidates as (
    select
        account_durable_key,
        valid_from as flow_date
    from accounts
    union
    select
        account_durable_key,
        valid_from as flow_date
    from lead_owners
    union
    select
        account_durable_key,
        valid_to as flow_date
    from lead_owners
    union
    select
        lead_owners.account_durable_key,
        dates_of_managers.flow_date
    from dates_of_managers
    inner join lead_owners
        on
            dates_of_managers.customer_durable_key = lead_owners.customer_durable_key
            and {{ valid_on('lead_owners', 'dates_of_managers.flow_date') }}
),

-- What the account held at the end of the day before moves.
funded_candidates as (
    select
        candidates.account_durable_key,
        candidates.flow_date,
        spans.balance
    from candidates
    inner join last_night on candidates.flow_date <= last_night.business_date
    inner join {{ ref('int_balances__spans') }} as spans
        on
            candidates.account_durable_key = spans.account_durable_key
            and candidates.flow_date > spans.valid_from
            and candidates.flow_date <= spans.valid_to
    where
        candidates.flow_date >= {{ refresh_from() }}
        and spans.balance <> 0
        and candidates.account_durable_key in (select accounts.account_durable_key from accounts)
),

sides as (
    select
        account_durable_key,
        flow_date,
        'OUT' as direction,
        cast(flow_date - 1 as date) as as_of_date,
        cast(-balance as decimal(18, 2)) as flow_amount
    from funded_candidates
    union all
    select
        account_durable_key,
        flow_date,
        'IN' as direction,
        flow_date as as_of_date,
        cast(balance as decimal(18, 2)) as flow_amount
    from funded_candidates
),

keyed_sides as (
    {{ as_of_keys('sides') }}
),

durable_sides as (
    select
        keyed_sides.*,
        coalesce(branches.branch_durable_key, keyed_sides.branch_key) as branch_durable_key,
        coalesce(managers.manager_durable_key, keyed_sides.manager_key) as manager_durable_key
    from keyed_sides
    left join {{ ref('int_branches__levels') }} as branches on keyed_sides.branch_key = branches.branch_key
    left join {{ ref('int_managers__versions') }} as managers on keyed_sides.manager_key = managers.manager_key
),

compared_sides as (
    select
        *,
        min(branch_durable_key) over account_day <> max(branch_durable_key) over account_day as moves_branch,
        min(customer_durable_key) over account_day <> max(customer_durable_key) over account_day as moves_owner,
        min(manager_durable_key) over account_day <> max(manager_durable_key) over account_day as moves_manager
    from durable_sides
    window account_day as (partition by account_durable_key, flow_date)
)

select
    flow_date,
    account_key,
    account_durable_key,
    customer_key,
    customer_durable_key,
    product_key,
    branch_key,
    manager_key,
    currency_key,
    account_type,
    case when moves_branch then 'BRANCH_' when moves_owner then 'OWNER_' else 'MANAGER_' end || direction as flow_class_code,
    flow_amount
from compared_sides
where moves_branch or moves_owner or moves_manager
