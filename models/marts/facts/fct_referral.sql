-- Grain: one referral: a customer who brought another.
with referrals as (
    select
        *,
        referrer_customer_id as customer_id
    from {{ ref('stg_contact__referrals') }}
),

keyed_referrals as (
    {{ contact_members('referrals', 'referral_date') }}
)

select
    {{ surrogate_key("'referral'", "keyed_referrals.referral_id") }} as referral_key,
    keyed_referrals.referral_date,
    keyed_referrals.customer_key as referrer_customer_key,
    keyed_referrals.customer_durable_key as referrer_customer_durable_key,
    referred_customers.customer_key as referred_customer_key,
    referred_customers.customer_durable_key as referred_customer_durable_key,
    keyed_referrals.manager_key,
    keyed_referrals.manager_durable_key,
    keyed_referrals.branch_key,
    keyed_referrals.referral_id
from keyed_referrals
inner join {{ ref('int_customers__references') }} as customer_references
    on
        keyed_referrals.referred_customer_id = customer_references.source_customer_id
        and customer_references.source_system = 'branch'
inner join {{ ref('dim_customer') }} as referred_customers
    on
        customer_references.customer_durable_key = referred_customers.customer_durable_key
        and {{ valid_on('referred_customers', 'keyed_referrals.referral_date') }}
