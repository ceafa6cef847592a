-- Persons who share an address and either the family name or the telephone number, from when to when.
-- All three are tokens; of the family name its initial stands before the token, to be shown.
with contacts as (
    select * from {{ ref('int_customers__contacts') }}
),

largest_household as (
    select * from {{ ref('household_parameter') }}
    where parameter_code = 'LARGEST_HOUSEHOLD'
),

homes as (
    select
        {{ surrogate_key("address_match", "lower(city)") }} as home_key,
        customer_durable_key,
        upper(left(full_name, 1)) || full_name_family as precedence,
        phone_match as weight,
        valid_from,
        valid_to
    from contacts
    where customer_type = 'PERSON' and address_match is not null
),

home_segments as (
    {{ ownership_segments('homes', 'home_key', 'customer_durable_key') }}
),

-- Relatives of another name who share the telephone go by one name: that of the first initial.
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
        'Family ' || left(residents.family_name, 1) || '***' as household_name,
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
