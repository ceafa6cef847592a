-- When each customer took up each account, loan or card, and the night on which the bank first told
-- of it. A contract told later than it began counts from that night, unless it is older than the data.
-- Grain: one customer and account.
with first_night as (
    select min(business_date) as business_date from {{ ref('stg_ops__loads') }}
),

first_records as (
    select
        account_durable_key,
        min(business_date) as first_told_date,
        arg_min(opened_date, business_date) as opened_date
    from {{ ref('int_accounts__source_records') }}
    group by account_durable_key
),

first_owned as (
    select
        account_durable_key,
        customer_durable_key,
        min(valid_from) as owned_from
    from {{ ref('int_accounts__owners') }}
    where customer_durable_key > 0
    group by account_durable_key, customer_durable_key
)

select
    first_owned.customer_durable_key,
    first_owned.account_durable_key,
    greatest(first_records.first_told_date, first_owned.owned_from) as known_from,
    case
        when first_records.opened_date < first_night.business_date and first_owned.owned_from < first_night.business_date
            then first_records.opened_date
        else greatest(first_records.first_told_date, first_owned.owned_from)
    end as started_date
from first_owned
inner join first_records on first_owned.account_durable_key = first_records.account_durable_key
cross join first_night
where first_records.opened_date is not null
