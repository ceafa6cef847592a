{{ config(materialized='incremental') }}

-- Accounts, loans and cards a customer holds on the last business date of a month, cards without a
-- balance included: opened, delivered by then, not closed.
-- Grain: one customer and product family in one month; the family is null where the product is unknown.
with months as (
    select * from {{ ref('int_calendar__months') }}
    where month_start_date >= {{ refresh_from_month() }}
),

first_deliveries as (
    select
        account_durable_key,
        min(business_date) as first_business_date
    from (
        select
            {{ surrogate_key("source_system", "account_id") }} as account_durable_key,
            business_date
        from {{ ref('int_accounts__source_records') }}
    ) as delivered
    group by account_durable_key
)

select
    owners.customer_durable_key,
    months.month_end_date,
    products.product_family,
    cast(count(*) as integer) as account_count,
    min(account_versions.opened_date) as first_opened_date
from months
inner join {{ ref('int_accounts__versions') }} as account_versions
    on
        {{ valid_on('account_versions', 'months.as_of_date') }}
inner join first_deliveries
    on
        account_versions.account_durable_key = first_deliveries.account_durable_key
        and months.as_of_date >= first_deliveries.first_business_date
inner join {{ ref('int_accounts__owners') }} as owners
    on
        account_versions.account_durable_key = owners.account_durable_key
        and {{ valid_on('owners', 'months.as_of_date') }}
left join {{ ref('int_products__versions') }} as products
    on
        account_versions.product_id = products.product_id
        and {{ valid_on('products', 'months.as_of_date') }}
where
    account_versions.opened_date <= months.as_of_date
    and not {{ is_closed('account_versions.status') }}
group by owners.customer_durable_key, months.month_end_date, products.product_family
