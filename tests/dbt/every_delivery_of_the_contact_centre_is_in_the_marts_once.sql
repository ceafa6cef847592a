-- No contact, complaint, target, survey or referral is lost or doubled on its way to the marts.
with counts as (
    select
        'contact' as feed,
        (select count(*) from {{ ref('stg_contact__contacts') }}) as delivered_count,
        (select count(*) from {{ ref('fct_contact') }}) as mart_count
    union all
    select
        'complaint' as feed,
        (select count(distinct complaint_id) from {{ ref('stg_contact__complaints') }}) as delivered_count,
        (select count(*) from {{ ref('fct_complaint') }}) as mart_count
    union all
    select
        'campaign_target' as feed,
        (
            select count(distinct concat_ws('|', campaign_id, customer_id))
            from {{ ref('stg_contact__campaign_targets') }}
        ) as delivered_count,
        (select count(*) from {{ ref('fct_campaign_response') }}) as mart_count
    union all
    select
        'survey' as feed,
        (select count(*) from {{ ref('stg_contact__surveys') }}) as delivered_count,
        (select count(*) from {{ ref('fct_survey') }}) as mart_count
    union all
    select
        'referral' as feed,
        (select count(*) from {{ ref('stg_contact__referrals') }}) as delivered_count,
        (select count(*) from {{ ref('fct_referral') }}) as mart_count
)

select *
from counts
where delivered_count <> mart_count
