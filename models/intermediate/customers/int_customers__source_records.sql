{{ config(materialized='ephemeral') }}

{#- The attributes that every system knows; the branch system alone knows industry and home unit. -#}
{%- set attributes = [
    'customer_id', 'customer_type', 'full_name', 'full_name_token', 'full_name_family',
    'document_type', 'document_number_token', 'gender', 'phone_match', 'address_match', 'city',
    'birth_date', 'business_date',
] -%}

with branch_records as (
    select 'branch' as source_system, 1 as precedence, {{ attributes | join(', ') }}, industry_code
    from {{ ref('stg_branch__customers') }}
),

loan_records as (
    select 'loan' as source_system, 2 as precedence, {{ attributes | join(', ') }}, null as industry_code
    from {{ ref('stg_loan__customers') }}
),

card_records as (
    select 'card' as source_system, 3 as precedence, {{ attributes | join(', ') }}, null as industry_code
    from {{ ref('stg_card__customers') }}
),

all_records as (
    select * from branch_records
    union all
    select * from loan_records
    union all
    select * from card_records
)

select * from all_records
