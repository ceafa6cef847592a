-- The seven views of one customer: the one with most assets, latest month
-- How to read: profile, persistency (how long, how loyal), profitability, performance (what grows),
-- prospects (what could be won), products, promotion (how to reach the customer), one figure a line. Put
-- another customer into the condition to see them; what is unknown has no line.
with customers as (
    select
        seven_views.* replace (
            round(seven_views.electronic_rate, 4) as electronic_rate,
            round(seven_views.share_of_wallet_rate, 4) as share_of_wallet_rate
        ),
        customers.full_name
    from marts.mart_customer_seven_views as seven_views
    inner join marts.dim_customer as customers on seven_views.customer_key = customers.customer_key
    order by seven_views.aum_average_balance desc, seven_views.customer_durable_key asc
    limit 1
),

texts as (
    select columns(*)::varchar from customers
),

lines as (
    unpivot texts on columns(* exclude (customer_durable_key)) into name figure value figure_value
),

figures (ordinal, customer_view, figure) as (
    values
    (1, 'Profile', 'full_name'),
    (2, 'Profile', 'customer_type'),
    (3, 'Profile', 'city'),
    (4, 'Profile', 'industry_name'),
    (5, 'Profile', 'age_band_name'),
    (6, 'Profile', 'income_band_name'),
    (7, 'Profile', 'grade_code'),
    (8, 'Profile', 'grade_group_name'),
    (9, 'Profile', 'vip_band_name'),
    (10, 'Persistency', 'lifecycle_code'),
    (11, 'Persistency', 'activity_sign'),
    (12, 'Persistency', 'first_opened_date'),
    (13, 'Persistency', 'last_activity_date'),
    (14, 'Persistency', 'tenure_months'),
    (15, 'Persistency', 'recency_days'),
    (16, 'Persistency', 'recent_transaction_count'),
    (17, 'Persistency', 'earlier_transaction_count'),
    (18, 'Profitability', 'value_class_code'),
    (19, 'Profitability', 'below_cost_cause'),
    (20, 'Profitability', 'is_below_marginal_cost'),
    (21, 'Profitability', 'year_contribution_amount'),
    (22, 'Profitability', 'value_rank'),
    (23, 'Profitability', 'annuity_value_amount'),
    (24, 'Performance', 'grade_move'),
    (25, 'Performance', 'risk_grade_code'),
    (26, 'Performance', 'is_on_watch'),
    (27, 'Performance', 'aum_end_balance'),
    (28, 'Performance', 'aum_average_balance'),
    (29, 'Performance', 'aum_month_growth_amount'),
    (30, 'Performance', 'aum_year_growth_amount'),
    (31, 'Performance', 'loan_end_balance'),
    (32, 'Performance', 'card_end_balance'),
    (33, 'Prospects', 'product_rule_family'),
    (34, 'Prospects', 'external_asset_amount'),
    (35, 'Prospects', 'share_of_wallet_rate'),
    (36, 'Prospects', 'product_rule_holder_count'),
    (37, 'Prospects', 'product_rule_peer_count'),
    (38, 'Products', 'product_families'),
    (39, 'Products', 'is_active'),
    (40, 'Products', 'account_count'),
    (41, 'Products', 'product_family_count'),
    (42, 'Promotion', 'rfm_segment_name'),
    (43, 'Promotion', 'preferred_channel_name'),
    (44, 'Promotion', 'electronic_rate'),
    (45, 'Promotion', 'campaign_count'),
    (46, 'Promotion', 'campaign_answer_count'),
    (47, 'Promotion', 'campaign_purchase_count')
)

select
    figures.customer_view,
    figures.figure,
    lines.figure_value
from lines
inner join figures on lines.figure = figures.figure
order by figures.ordinal
