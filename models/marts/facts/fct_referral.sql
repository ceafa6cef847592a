-- Grain: one referral: a customer who brought another.
with referrals as (
    select * from {{ ref('int_contacts__referrals') }}
)

select
    {{ surrogate_key("'referral'", "referrals.referral_id") }} as referral_key,
    referrals.referral_date,
    referrals.customer_key as referrer_customer_key,
    referrals.customer_durable_key as referrer_customer_durable_key,
    referred_customers.customer_key as referred_customer_key,
    referred_customers.customer_durable_key as referred_customer_durable_key,
    referrals.manager_key,
    referrals.manager_durable_key,
    referrals.branch_key,
    referrals.referral_id
from referrals
inner join {{ ref('int_customers__references') }} as customer_references
    on
        referrals.referred_customer_id = customer_references.source_customer_id
        and customer_references.source_system = 'branch'
inner join {{ ref('dim_customer') }} as referred_customers
    on
        customer_references.customer_durable_key = referred_customers.customer_durable_key
        and {{ valid_on('referred_customers', 'referrals.referral_date') }}
