{{ config(materialized='incremental', meta={'rebuild_column': 'flow_date', 'rebuild_unit': 'day'}) }}
{%- set keys = [
    'flow_date', 'account_key', 'account_durable_key', 'customer_key', 'customer_durable_key', 'product_key',
    'branch_key', 'manager_key', 'currency_key', 'account_type',
] %}

-- Why balances of deposits and loans changed, with the members they stood under on the day.
-- Grain: one account, class of flow and business date.
with account_days as (
    select * from {{ ref('int_flows__account_days') }}
),

moves as (
    select * from {{ ref('int_flows__moves') }}
),

flow_classes as (
    select * from {{ ref('flow_class') }}
),

first_night as (
    select min(business_date) as business_date from {{ ref('stg_ops__loads') }}
),

-- The first day on which a customer has a contract, as far as known on each night.
contracts as (
    select * from {{ ref('int_customers__contracts') }}
),

dated_days as (
    select
        *,
        flow_date as as_of_date
    from account_days
),

keyed_days as (
    {{ as_of_keys('dated_days') }}
),

described_days as (
    select
        keyed_days.*,
        account_versions.opened_date,
        coalesce(account_versions.opened_date < first_night.business_date, true) as is_older_than_data,
        {{ is_closed('keyed_days.account_status') }} as is_closed
    from keyed_days
    inner join {{ ref('int_accounts__members') }} as account_versions on keyed_days.account_key = account_versions.account_key
    cross join first_night
),

customers_with_earlier_contracts as (
    select distinct
        described_days.account_durable_key,
        described_days.flow_date
    from described_days
    inner join contracts
        on
            described_days.customer_durable_key = contracts.customer_durable_key
            and described_days.flow_date >= contracts.known_from
            and described_days.opened_date > contracts.started_date
    where described_days.flow_date = described_days.first_funded_date
),

classified_days as (
    select
        described_days.*,
        case
            when described_days.flow_date = described_days.first_date and described_days.is_older_than_data then 'OPENING'
            when
                described_days.rest_amount > 0 and not described_days.is_older_than_data
                and described_days.flow_date = described_days.first_funded_date
                then if(earlier.flow_date is null, 'NEW_CUSTOMER', 'NEW_ACCOUNT')
            when described_days.rest_amount > 0 then 'ORDINARY_IN'
            when described_days.is_closed then 'LOST'
            else 'ORDINARY_OUT'
        end as rest_class_code
    from described_days
    left join customers_with_earlier_contracts as earlier
        on
            described_days.account_durable_key = earlier.account_durable_key
            and described_days.flow_date = earlier.flow_date
),

flows as (
    {%- for class, amount in [
        ("rest_class_code", "rest_amount"),
        ("if(own_amount > 0, 'OWN_TRANSFER_IN', 'OWN_TRANSFER_OUT')", "own_amount"),
        ("if(bank_amount > 0, 'BANK_TRANSFER_IN', 'BANK_TRANSFER_OUT')", "bank_amount"),
    ] %}
        select
            {{ keys | join(', ') }},
            {{ class }} as flow_class_code,
            {{ amount }} as flow_amount
        from classified_days
        where {{ amount }} <> 0
        union all
    {%- endfor %}
    select
        {{ keys | join(', ') }},
        flow_class_code,
        flow_amount
    from moves
)

select
    flows.flow_date,
    flows.account_key,
    flows.account_durable_key,
    flows.customer_key,
    flows.customer_durable_key,
    flows.product_key,
    flows.branch_key,
    flows.manager_key,
    flows.currency_key,
    flows.flow_class_code,
    flows.account_type,
    flow_classes.is_growth,
    cast(flows.flow_amount as decimal(18, 2)) as flow_amount
from flows
inner join flow_classes
    on
        flows.flow_class_code = flow_classes.flow_class_code
        and {{ valid_on('flow_classes', 'flows.flow_date') }}
