-- A complaint as the contact centre last told it. Grain: one key of the feed.
select
    complaint_id,
    customer_id,
    manager_id,
    branch_id,
    channel_code,
    complaint_type,
    has_opinion,
    has_wish,
    has_options,
    has_recommendation,
    received_date,
    acknowledged_date,
    answered_date,
    reported_date,
    business_date,
    load_id
from {{ ref('stg_contact__complaints') }}
qualify row_number() over (partition by complaint_id order by business_date desc) = 1
