{{ config(materialized='ephemeral') }}

-- Every customer id that the contact centre names, as the branch system numbers it.
select customer_id from {{ ref('stg_contact__contacts') }}
union
select customer_id from {{ ref('int_contacts__complaints') }}
where customer_id is not null
union
select customer_id from {{ ref('int_contacts__campaign_targets') }}
union
select customer_id from {{ ref('stg_contact__surveys') }}
union
select referrer_customer_id as customer_id from {{ ref('stg_contact__referrals') }}
union
select referred_customer_id as customer_id from {{ ref('stg_contact__referrals') }}
