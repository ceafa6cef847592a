{{ config(materialized='incremental') }}

-- How a customer behaves, as of the end of a month: recency, frequency and monetary value of what the
-- customer did, their quintiles (5 best) among active customers who ever did something, the movement of
-- two windows of activity, tenure. What the data does not reach back for is unknown.
-- Grain: one customer in one month.
with nights as (
    select min(period_to_date - period_days) as first_date from {{ ref('int_calendar__months') }}
    where period_days > 0
),

months as (
    select
        months.month_end_date,
        months.as_of_date,
        terms.activity_window_days,
        terms.activity_decline_rate,
        terms.activity_lost_days,
        terms.rfm_window_days,
        terms.new_customer_months,
        nights.first_date,
        datediff('day', nights.first_date, months.as_of_date) + 1 as data_days
    from {{ ref('int_calendar__months') }} as months
    inner join {{ ref('int_customers__parameters') }} as terms
        on months.month_end_date = terms.month_end_date
    cross join nights
),

activity_days as (
    select * from {{ ref('int_customers__activity_days') }}
),

-- The last activity of a day is the one of the span that holds it.
activity_spans as (
    select
        customer_durable_key,
        activity_date as valid_from,
        lead(activity_date, 1, cast('9999-12-31' as date))
            over (partition by customer_durable_key order by activity_date) as valid_to
    from activity_days
    where has_acted
),

first_openings as (
    select
        customer_durable_key,
        month_end_date,
        min(first_opened_date) as first_opened_date
    from {{ ref('int_customers__holdings') }}
    group by customer_durable_key, month_end_date
),

histories as (
    select
        grades.customer_durable_key,
        grades.month_end_date,
        grades.is_active,
        min(first_openings.first_opened_date) over (
            partition by grades.customer_durable_key order by grades.month_end_date
            rows between unbounded preceding and current row
        ) as first_opened_date
    from {{ ref('int_customers__grades') }} as grades
    left join first_openings
        on
            grades.customer_durable_key = first_openings.customer_durable_key
            and grades.month_end_date = first_openings.month_end_date
),

window_sums as (
    select
        activity_days.customer_durable_key,
        months.month_end_date,
        sum(activity_days.entry_count) filter (
            where activity_days.activity_date > months.as_of_date - months.rfm_window_days
        ) as frequency_count,
        sum(activity_days.amount) filter (
            where activity_days.activity_date > months.as_of_date - months.rfm_window_days
        ) as monetary_amount,
        sum(activity_days.entry_count) filter (
            where activity_days.activity_date > months.as_of_date - months.activity_window_days
        ) as recent_transaction_count,
        sum(activity_days.entry_count) filter (
            where activity_days.activity_date <= months.as_of_date - months.activity_window_days
            and activity_days.activity_date > months.as_of_date - 2 * months.activity_window_days
        ) as earlier_transaction_count
    from activity_days
    inner join months
        on
            activity_days.activity_date <= months.as_of_date
            and activity_days.activity_date
            > months.as_of_date - greatest(months.rfm_window_days, 2 * months.activity_window_days)
    where months.month_end_date >= {{ refresh_from_month() }}
    group by activity_days.customer_durable_key, months.month_end_date
),

measured_customers as (
    select
        histories.customer_durable_key,
        histories.month_end_date,
        histories.is_active,
        activity_spans.valid_from as last_activity_date,
        histories.first_opened_date,
        months.activity_decline_rate,
        months.activity_lost_days,
        months.new_customer_months,
        datediff('day', activity_spans.valid_from, months.as_of_date) as recency_days,
        datesub('month', histories.first_opened_date, months.as_of_date) as tenure_months,
        datediff(
            'day', greatest(months.first_date, coalesce(histories.first_opened_date, months.first_date)), months.as_of_date
        ) + 1 as observed_days,
        months.data_days >= 2 * months.activity_window_days as has_both_windows,
        coalesce(window_sums.frequency_count, 0) as frequency_count,
        coalesce(window_sums.monetary_amount, 0) as monetary_amount,
        coalesce(window_sums.recent_transaction_count, 0) as recent_transaction_count,
        coalesce(window_sums.earlier_transaction_count, 0) as earlier_transaction_count
    from histories
    inner join months on histories.month_end_date = months.month_end_date
    left join activity_spans
        on
            histories.customer_durable_key = activity_spans.customer_durable_key
            and {{ valid_on('activity_spans', 'months.as_of_date') }}
    left join window_sums
        on
            histories.customer_durable_key = window_sums.customer_durable_key
            and histories.month_end_date = window_sums.month_end_date
    where histories.month_end_date >= {{ refresh_from_month() }}
),

scored_customers as (
    select
        customer_durable_key,
        month_end_date,
        6 - ntile(5) over (
            partition by month_end_date order by recency_days asc, customer_durable_key asc
        ) as recency_score,
        6 - ntile(5) over (
            partition by month_end_date order by frequency_count desc, customer_durable_key asc
        ) as frequency_score,
        6 - ntile(5) over (
            partition by month_end_date order by monetary_amount desc, customer_durable_key asc
        ) as monetary_score
    from measured_customers
    where is_active and recency_days is not null
),

labelled_customers as (
    select
        *,
        case
            when coalesce(recency_days, observed_days) >= activity_lost_days then 'LOST'
            when not has_both_windows then null
            when
                earlier_transaction_count > 0
                and recent_transaction_count <= earlier_transaction_count * (1 - activity_decline_rate)
                then 'DECLINING'
            else 'STABLE'
        end as activity_sign
    from measured_customers
)

select
    labelled_customers.customer_durable_key,
    labelled_customers.month_end_date,
    labelled_customers.activity_sign,
    case
        when not labelled_customers.is_active then 'CLOSED'
        when labelled_customers.activity_sign in ('LOST', 'DECLINING') then labelled_customers.activity_sign
        when labelled_customers.tenure_months < labelled_customers.new_customer_months then 'NEW'
        else 'ESTABLISHED'
    end as lifecycle_code,
    labelled_customers.first_opened_date,
    labelled_customers.last_activity_date,
    cast(labelled_customers.tenure_months as integer) as tenure_months,
    cast(labelled_customers.recency_days as integer) as recency_days,
    cast(labelled_customers.frequency_count as integer) as frequency_count,
    cast(labelled_customers.monetary_amount as decimal(18, 2)) as monetary_amount,
    cast(scored_customers.recency_score as integer) as recency_score,
    cast(scored_customers.frequency_score as integer) as frequency_score,
    cast(scored_customers.monetary_score as integer) as monetary_score,
    cast(labelled_customers.recent_transaction_count as integer) as recent_transaction_count,
    cast(labelled_customers.earlier_transaction_count as integer) as earlier_transaction_count
from labelled_customers
left join scored_customers
    on
        labelled_customers.customer_durable_key = scored_customers.customer_durable_key
        and labelled_customers.month_end_date = scored_customers.month_end_date
