-- A campaign as the contact centre last told it. Grain: one key of the feed.
select
    campaign_id,
    branch_id,
    product_id,
    campaign_name,
    campaign_type,
    status,
    plan_year,
    planned_cost_amount,
    start_date,
    end_date,
    business_date,
    load_id
from {{ ref('stg_contact__campaigns') }}
qualify row_number() over (partition by campaign_id order by business_date desc) = 1
