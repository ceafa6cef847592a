-- Persons who share an address and either the family name or the telephone number, from when to when.
with contacts as (
    select * from {{ ref('int_customers__contacts') }}
),

largest_household as (
    select * from {{ ref('household_parameter') }}
    where parameter_code = 'LARGEST_HOUSEHOLD'
),

homes as (
    select
        {{ surrogate_key(comparable_address("address"), "lower(city)") }} as home_key,
        customer_durable_key,
        {{ family_name("full_name") }} as precedence,
        nullif(right(regexp_replace(phone, '[^0-9]', '', 'g'), 11), '') as weight,
        valid_from,
        valid_to
    from contacts
    where customer_type = 'PERSON' and address is not null
),

home_segments as (
    {{ ownership_segments('homes', 'home_key', 'customer_durable_key') }}
),

-- Relatives of another name who share the telephone go by the name that sorts first.
named_residents as (
    select
        home_key,
        customer_durable_key,
        valid_from,
        valid_to,
        min(precedence) over (
            partition by home_key, valid_from, coalesce(weight, cast(customer_durable_key as varchar))
        ) as family_name
    from home_segments
),

counted_residents as (
    select
        *,
        count(*) over (partition by home_key, valid_from, family_name) as member_count
    from named_residents
),

household_segments as (
    select
        {{ surrogate_key("'household'", "residents.home_key", "residents.family_name") }} as household_key,
        'Family ' || upper(left(residents.family_name, 1)) || substr(residents.family_name, 2) as household_name,
        residents.customer_durable_key,
        residents.valid_from,
        residents.valid_to
    from counted_residents as residents
    inner join largest_household
        on {{ valid_on('largest_household', 'residents.valid_from') }}
    where residents.member_count between 2 and largest_household.parameter_value
),

households as (
    {{ merge_spans('household_segments', ['household_key', 'household_name', 'customer_durable_key']) }}
)

select * from households
