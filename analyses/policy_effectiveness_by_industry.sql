-- Effectiveness of the customer relations policy, by industry
-- How to read: as many complete months before the policy as after it. Key customers at the last month-end of
-- either side, contribution before tax of all months of it, and the industry's part of the whole: a share
-- that grows by points means the industry grew faster than the bank. Empty while one side has no month.
select
    effects.policy_code,
    industries.industry_name as industry,
    effects.months_compared,
    effects.key_customer_count_before as key_customers_before,
    effects.key_customer_count_after as key_customers_after,
    round(100 * effects.key_customer_change_rate, 2) as key_customers_percent,
    effects.contribution_before_amount as contribution_before,
    effects.contribution_after_amount as contribution_after,
    round(100 * effects.contribution_change_rate, 2) as contribution_percent,
    round(100 * effects.share_before, 2) as share_before_percent,
    round(100 * effects.share_after, 2) as share_after_percent,
    round(100 * effects.share_change, 2) as share_points
from marts.mart_policy_effectiveness as effects
inner join marts.dim_industry as industries on effects.industry_key = industries.industry_key
order by effects.policy_code asc, share_points desc nulls last, industry asc
