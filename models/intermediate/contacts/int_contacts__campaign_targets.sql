-- A customer addressed by a campaign as the contact centre last told it. Grain: one key of the feed.
select
    campaign_id,
    customer_id,
    manager_id,
    bought_product_id,
    response_code,
    targeted_date,
    response_date,
    business_date,
    load_id
from {{ ref('stg_contact__campaign_targets') }}
qualify row_number() over (partition by campaign_id, customer_id order by business_date desc) = 1
