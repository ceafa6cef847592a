-- Grain: one customer as of the last month: profile, persistency, profitability, performance, prospects,
-- products, promotion. The past of each figure is in fct_customer_monthly.
with last_month as (
    select
        months.month_end_date,
        months.as_of_date,
        last_day(months.month_start_date - interval 1 month) as month_before,
        last_day(months.month_start_date - interval 12 month) as year_before,
        terms.activity_window_days
    from {{ ref('int_calendar__months') }} as months
    inner join {{ ref('int_customers__parameters') }} as terms
        on months.month_end_date = terms.month_end_date
    qualify months.month_end_date = max(months.month_end_date) over ()
),

customer_months as (
    select * from {{ ref('fct_customer_monthly') }}
    where customer_durable_key > 0
),

families as (
    select
        holdings.customer_durable_key,
        string_agg(holdings.product_family, ', ' order by holdings.product_family) as product_families
    from {{ ref('int_customers__holdings') }} as holdings
    inner join last_month on holdings.month_end_date = last_month.month_end_date
    where holdings.product_family is not null
    group by holdings.customer_durable_key
),

campaigns as (
    select
        responses.customer_durable_key,
        count(*) as campaign_count,
        count(*) filter (where responses.has_answered) as campaign_answer_count,
        count(*) filter (where responses.has_bought) as campaign_purchase_count
    from {{ ref('fct_campaign_response') }} as responses
    inner join last_month
        on
            responses.targeted_date <= last_month.as_of_date
            and responses.targeted_date > last_month.year_before
    group by responses.customer_durable_key
),

channel_uses as (
    select
        entries.customer_durable_key,
        channels.channel_name,
        count(*) as use_count,
        count(*) filter (where channels.is_electronic) as electronic_count
    from {{ ref('fct_transaction') }} as entries
    inner join last_month
        on
            entries.value_date <= last_month.as_of_date
            and entries.value_date > last_month.as_of_date - last_month.activity_window_days
    inner join {{ ref('dim_channel') }} as channels on entries.channel_key = channels.channel_key
    inner join {{ ref('dim_transaction_type') }} as kinds
        on entries.transaction_type_key = kinds.transaction_type_key
    where kinds.is_customer_made and channels.channel_group <> 'Bank' and channels.channel_key > 0
    group by entries.customer_durable_key, channels.channel_name
),

preferred_channels as (
    select
        customer_durable_key,
        channel_name as preferred_channel_name,
        {{ ratio(
            'cast(sum(electronic_count) over (partition by customer_durable_key) as hugeint)',
            'cast(sum(use_count) over (partition by customer_durable_key) as hugeint)'
        ) }} as electronic_rate
    from channel_uses
    qualify row_number() over (
        partition by customer_durable_key
        order by use_count desc, channel_name asc
    ) = 1
)

select
    customer_months.customer_durable_key,
    customer_months.customer_key,
    customer_months.customer_profile_key,
    customer_months.branch_key,
    customer_months.manager_key,
    customer_months.industry_key,
    -- profile
    customers.customer_type,
    customers.city,
    industries.industry_name,
    profiles.age_band_name,
    profiles.income_band_name,
    customer_months.grade_code,
    profiles.grade_group_name,
    profiles.vip_band_name,
    -- persistency
    customer_months.lifecycle_code,
    customer_months.activity_sign,
    -- profitability
    customer_months.value_class_code,
    customer_months.below_cost_cause,
    -- performance
    customer_months.grade_move,
    profiles.risk_grade_code,
    -- prospects
    product_rules.product_rule_family,
    -- products
    families.product_families,
    -- promotion
    profiles.rfm_segment_name,
    preferred_channels.preferred_channel_name,
    customer_months.is_active,
    customer_months.is_on_watch,
    customer_months.is_below_marginal_cost,
    customer_months.month_end_date,
    customer_months.first_opened_date,
    customer_months.last_activity_date,
    customer_months.tenure_months,
    customer_months.recency_days,
    customer_months.recent_transaction_count,
    customer_months.earlier_transaction_count,
    customer_months.year_contribution_amount,
    customer_months.value_rank,
    customer_months.annuity_value_amount,
    customer_months.aum_end_balance,
    customer_months.aum_average_balance,
    cast(customer_months.aum_average_balance - month_before.aum_average_balance as decimal(18, 2)) as aum_month_growth_amount,
    cast(customer_months.aum_average_balance - year_before.aum_average_balance as decimal(18, 2)) as aum_year_growth_amount,
    customer_months.loan_end_balance,
    customer_months.card_end_balance,
    customer_months.external_asset_amount,
    customer_months.share_of_wallet_rate,
    product_rules.holder_count as product_rule_holder_count,
    product_rules.peer_count as product_rule_peer_count,
    customer_months.account_count,
    customer_months.product_family_count,
    preferred_channels.electronic_rate,
    cast(coalesce(campaigns.campaign_count, 0) as integer) as campaign_count,
    cast(coalesce(campaigns.campaign_answer_count, 0) as integer) as campaign_answer_count,
    cast(coalesce(campaigns.campaign_purchase_count, 0) as integer) as campaign_purchase_count
from customer_months
inner join last_month on customer_months.month_end_date = last_month.month_end_date
inner join {{ ref('dim_customer') }} as customers on customer_months.customer_key = customers.customer_key
inner join {{ ref('dim_industry') }} as industries on customer_months.industry_key = industries.industry_key
inner join {{ ref('dim_customer_profile') }} as profiles
    on customer_months.customer_profile_key = profiles.customer_profile_key
left join customer_months as month_before
    on
        customer_months.customer_durable_key = month_before.customer_durable_key
        and last_month.month_before = month_before.month_end_date
left join customer_months as year_before
    on
        customer_months.customer_durable_key = year_before.customer_durable_key
        and last_month.year_before = year_before.month_end_date
left join families on customer_months.customer_durable_key = families.customer_durable_key
left join campaigns on customer_months.customer_durable_key = campaigns.customer_durable_key
left join preferred_channels on customer_months.customer_durable_key = preferred_channels.customer_durable_key
left join {{ ref('int_customers__product_rules') }} as product_rules
    on customer_months.customer_durable_key = product_rules.customer_durable_key
