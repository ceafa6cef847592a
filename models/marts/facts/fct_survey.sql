-- Grain: one answered survey. Average satisfaction = sum of scores / number of surveys.
with surveys as (
    select * from {{ ref('stg_contact__surveys') }}
),

keyed_surveys as (
    {{ contact_members('surveys', 'survey_date') }}
)

select
    {{ surrogate_key("'survey'", "keyed_surveys.survey_id") }} as survey_key,
    keyed_surveys.survey_date,
    keyed_surveys.customer_key,
    keyed_surveys.customer_durable_key,
    keyed_surveys.manager_key,
    keyed_surveys.manager_durable_key,
    keyed_surveys.branch_key,
    {{ member_key('channels.channel_key', 'keyed_surveys.channel_code') }} as channel_key,
    keyed_surveys.survey_id,
    keyed_surveys.satisfaction_score
from keyed_surveys
left join {{ ref('dim_channel') }} as channels
    on keyed_surveys.channel_code = channels.channel_code
