-- Grain: one customer of one campaign (accumulating snapshot: targeted, then answered).
with campaign_targets as (
    select * from {{ ref('int_contacts__campaign_targets') }}
),

keyed_targets as (
    {{ contact_members('campaign_targets', 'targeted_date') }}
)

select
    {{ surrogate_key("keyed_targets.campaign_id", "keyed_targets.customer_id") }} as campaign_response_key,
    keyed_targets.targeted_date,
    keyed_targets.response_date,
    coalesce(campaigns.campaign_key, -2) as campaign_key,
    keyed_targets.customer_key,
    keyed_targets.customer_durable_key,
    keyed_targets.manager_key,
    keyed_targets.manager_durable_key,
    keyed_targets.branch_key,
    case
        when keyed_targets.response_code = 'BOUGHT'
            then {{ member_key('products.product_key', 'keyed_targets.bought_product_id') }}
        else -3
    end as bought_product_key,
    keyed_targets.response_code,
    keyed_targets.response_code is not null as has_answered,
    coalesce(keyed_targets.response_code = 'BOUGHT', false) as has_bought,
    cast(datediff('day', keyed_targets.targeted_date, keyed_targets.response_date) as integer) as days_until_response
from keyed_targets
left join {{ ref('dim_campaign') }} as campaigns
    on keyed_targets.campaign_id = campaigns.campaign_id
left join {{ ref('dim_product') }} as products
    on
        keyed_targets.bought_product_id = products.product_id
        and {{ valid_on('products', 'keyed_targets.response_date') }}
