-- Grain: one answered survey. Average satisfaction = sum of scores / number of surveys.
with surveys as (
    select * from {{ ref('int_contacts__surveys') }}
)

select
    {{ surrogate_key("'survey'", "surveys.survey_id") }} as survey_key,
    surveys.survey_date,
    surveys.customer_key,
    surveys.customer_durable_key,
    surveys.manager_key,
    surveys.manager_durable_key,
    surveys.branch_key,
    {{ member_key('channels.channel_key', 'surveys.channel_code') }} as channel_key,
    surveys.survey_id,
    surveys.satisfaction_score
from surveys
left join {{ ref('dim_channel') }} as channels
    on surveys.channel_code = channels.channel_code
