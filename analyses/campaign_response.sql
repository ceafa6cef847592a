-- Response to campaigns, by kind and product offered
-- How to read: of the customers addressed, how many answered and how many bought. The cost is that of the plan,
-- of campaigns that addressed somebody; cost for each buyer is empty where nobody bought.
with responses as (
    select
        campaign_key,
        count(*) as target_count,
        count(*) filter (where has_answered) as answer_count,
        count(*) filter (where has_bought) as buyer_count
    from marts.fct_campaign_response
    group by campaign_key
)

select
    campaigns.campaign_type,
    products.product_name as product_offered,
    count(*) as campaign_count,
    sum(responses.target_count) as target_count,
    sum(responses.answer_count) as answer_count,
    sum(responses.buyer_count) as buyer_count,
    round(100 * sum(responses.answer_count) / sum(responses.target_count), 1) as answered_percent,
    round(100 * sum(responses.buyer_count) / sum(responses.target_count), 1) as bought_percent,
    sum(campaigns.planned_cost_amount) as planned_cost,
    round(sum(campaigns.planned_cost_amount) / nullif(sum(responses.buyer_count), 0), 2) as cost_for_each_buyer
from responses
inner join marts.dim_campaign as campaigns on responses.campaign_key = campaigns.campaign_key
inner join marts.dim_product as products
    on
        campaigns.product_durable_key = products.product_durable_key
        and products.is_current
group by campaigns.campaign_type, products.product_name
order by bought_percent desc, target_count desc, campaigns.campaign_type asc, product_offered asc
