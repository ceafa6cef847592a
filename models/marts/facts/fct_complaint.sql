-- Grain: one complaint, from receipt to report (accumulating snapshot). Its state is that of the last
-- business date, so it is rebuilt every night.
{%- set parts = ['has_opinion', 'has_wish', 'has_options', 'has_recommendation'] %}

with last_night as (
    select max(as_of_date) as last_date from {{ ref('int_calendar__months') }}
),

complaints as (
    select
        complaints.*,
        cast(complaints.received_date + terms.parameter_value as date) as due_date,
        last_night.last_date
    from {{ ref('int_contacts__complaints') }} as complaints
    inner join {{ ref('contact_parameter') }} as terms
        on
            terms.parameter_code = 'COMPLAINT_TERM_DAYS'
            and {{ valid_on('terms', 'complaints.received_date') }}
    cross join last_night
),

keyed_complaints as (
    {{ contact_members('complaints', 'received_date', unit='coalesce(facts.branch_id, managers.branch_id)') }}
),

-- The term is kept when every step is done in it and the report has its four parts. While the term
-- runs nothing is decided; after it, what is missing or late is a breach.
judged_complaints as (
    select
        *,
        {{ parts | join(' and ') }} as has_four_parts,
        acknowledged_date is not null and answered_date is not null and reported_date is not null as is_closed,
        case
            when
                acknowledged_date <= due_date and answered_date <= due_date and reported_date <= due_date
                and {{ parts | join(' and ') }}
                then true
            when last_date > due_date then false
        end as is_within_term
    from keyed_complaints
)

select
    {{ surrogate_key("'complaint'", "judged_complaints.complaint_id") }} as complaint_key,
    judged_complaints.received_date,
    judged_complaints.acknowledged_date,
    judged_complaints.answered_date,
    judged_complaints.reported_date,
    judged_complaints.due_date,
    judged_complaints.customer_key,
    judged_complaints.customer_durable_key,
    judged_complaints.manager_key,
    judged_complaints.manager_durable_key,
    judged_complaints.branch_key,
    judged_complaints.branch_durable_key,
    {{ member_key('channels.channel_key', 'judged_complaints.channel_code') }} as channel_key,
    judged_complaints.complaint_id,
    judged_complaints.complaint_type,
    {%- for part in parts %}
        judged_complaints.{{ part }},
    {%- endfor %}
    judged_complaints.has_four_parts,
    judged_complaints.is_closed,
    judged_complaints.is_within_term,
    {%- for step in ['acknowledged', 'answered', 'reported'] %}
        cast(
            datediff('day', judged_complaints.received_date, judged_complaints.{{ step }}_date) as integer
        ) as days_until_{{ step }},
    {%- endfor %}
    cast(case when judged_complaints.is_within_term then 0 else rules.amount end as decimal(18, 2)) as penalty_amount
from judged_complaints
left join {{ ref('dim_channel') }} as channels
    on judged_complaints.channel_code = channels.channel_code
left join {{ ref('reward_rule') }} as rules
    on
        judged_complaints.is_within_term is not null
        and rules.rule_code = 'COMPLAINT_BREACH'
        and {{ valid_on('rules', 'judged_complaints.due_date') }}
