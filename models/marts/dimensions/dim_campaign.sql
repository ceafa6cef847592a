-- Grain: one campaign, as last delivered.
{%- set columns = [
    'campaign_key', 'branch_durable_key', 'product_durable_key', 'campaign_id', 'campaign_name',
    'campaign_type', 'status', 'plan_year', 'is_held', 'start_date', 'end_date', 'planned_cost_amount',
] %}

with members as (
    select
        {{ surrogate_key("'campaign'", "campaigns.campaign_id") }} as campaign_key,
        {{ member_key('units.branch_durable_key', 'campaigns.branch_id') }} as branch_durable_key,
        case
            when campaigns.product_id is null then -3
            else coalesce(products.product_durable_key, -2)
        end as product_durable_key,
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.campaign_type,
        campaigns.status,
        campaigns.plan_year,
        campaigns.status in ('RUNNING', 'DONE') as is_held,
        campaigns.start_date,
        campaigns.end_date,
        campaigns.planned_cost_amount
    from {{ ref('int_contacts__campaigns') }} as campaigns
    left join {{ ref('dim_branch') }} as units
        on
            campaigns.branch_id = units.branch_id
            and units.is_current
    left join {{ ref('dim_product') }} as products
        on
            campaigns.product_id = products.product_id
            and products.is_current
)

{{ with_special_members(
    'members', columns,
    keys=['campaign_key', 'branch_durable_key', 'product_durable_key'], names=['campaign_name'],
    values={'is_held': 'false'}
) }}
