{{ config(materialized='ephemeral') }}

-- Referrals with the customer who referred, the manager and the team of the day.
-- Grain: one customer who brought another.
with referrals as (
    select
        *,
        referrer_customer_id as customer_id
    from {{ ref('stg_contact__referrals') }}
)

{{ contact_members('referrals', 'referral_date') }}
