-- Five-tier class of loans and cards: by own triggers and past, then contagion. A debtor that is no
-- private person and of whose claims more than CONTAGION_SHARE are non-performing is non-performing as
-- a whole. Claims are weighed within a currency, for want of exchange rates.
-- Beside it the class, balance and bucket of the month before. Over all months, as its source.
-- Grain: one loan or credit card in one month.
with positions as (
    select * from {{ ref('int_risk__positions') }}
),

own_classes as (
    select * from {{ ref('int_risk__own_classes') }}
),

grades as (
    select * from {{ ref('risk_grade') }}
),

customers as (
    select * from {{ ref('int_customers__members') }}
),

rules as (
    select * from {{ ref('int_risk__rules') }}
),

buckets as (
    select * from {{ ref('overdue_bucket') }}
),

contagion_floors as (
    select
        grades.asset_kind,
        grades.ordinal,
        greatest(triggers.valid_from, grades.valid_from) as valid_from,
        least(triggers.valid_to, grades.valid_to) as valid_to
    from {{ ref('risk_trigger') }} as triggers
    inner join grades on triggers.lowest_risk_grade_code = grades.risk_grade_code
    where triggers.risk_trigger_code = 'CONTAGION'
),

claims as (
    select
        positions.account_durable_key,
        positions.customer_durable_key,
        positions.currency_key,
        positions.asset_kind,
        positions.month_end_date,
        positions.as_of_date,
        positions.balance,
        positions.days_past_due,
        customers.customer_type,
        own_classes.class_ordinal,
        own_classes.risk_trigger_code,
        grades.is_non_performing
    from positions
    inner join own_classes
        on
            positions.account_durable_key = own_classes.account_durable_key
            and positions.month_end_date = own_classes.month_end_date
    inner join grades
        on
            positions.asset_kind = grades.asset_kind
            and own_classes.class_ordinal = grades.ordinal
            and {{ valid_on('grades', 'positions.as_of_date') }}
    left join customers on positions.customer_key = customers.customer_key
),

claims_by_currency as (
    select
        claims.customer_durable_key,
        claims.month_end_date,
        max(rules.contagion_share) as contagion_share,
        sum(greatest(claims.balance, 0)) as claim_balance,
        sum(case when claims.is_non_performing then greatest(claims.balance, 0) else 0 end) as bad_balance
    from claims
    inner join rules on claims.month_end_date = rules.month_end_date
    where claims.customer_type in ('CORPORATE', 'INSTITUTION')
    group by claims.customer_durable_key, claims.currency_key, claims.month_end_date
),

bad_debtors as (
    select distinct
        customer_durable_key,
        month_end_date
    from claims_by_currency
    where bad_balance > claim_balance * contagion_share
),

contagious_claims as (
    select
        claims.account_durable_key,
        claims.month_end_date,
        claims.as_of_date,
        claims.asset_kind,
        claims.balance,
        claims.days_past_due,
        case
            when bad_debtors.customer_durable_key is not null and contagion_floors.ordinal > claims.class_ordinal
                then 'CONTAGION'
            else claims.risk_trigger_code
        end as risk_trigger_code,
        case
            when bad_debtors.customer_durable_key is null then claims.class_ordinal
            else greatest(claims.class_ordinal, coalesce(contagion_floors.ordinal, claims.class_ordinal))
        end as class_ordinal
    from claims
    left join bad_debtors
        on
            claims.customer_durable_key = bad_debtors.customer_durable_key
            and claims.month_end_date = bad_debtors.month_end_date
    left join contagion_floors
        on
            claims.asset_kind = contagion_floors.asset_kind
            and {{ valid_on('contagion_floors', 'claims.as_of_date') }}
),

classes as (
    select
        contagious_claims.account_durable_key,
        contagious_claims.month_end_date,
        contagious_claims.asset_kind,
        contagious_claims.balance,
        grades.risk_grade_code,
        grades.is_non_performing,
        case when grades.ordinal > 1 then contagious_claims.risk_trigger_code end as risk_trigger_code,
        buckets.overdue_bucket_code
    from contagious_claims
    inner join grades
        on
            contagious_claims.asset_kind = grades.asset_kind
            and contagious_claims.class_ordinal = grades.ordinal
            and {{ valid_on('grades', 'contagious_claims.as_of_date') }}
    inner join buckets
        on
            contagious_claims.days_past_due >= buckets.days_past_due_from
            and contagious_claims.days_past_due < buckets.days_past_due_to
            and {{ valid_on('buckets', 'contagious_claims.as_of_date') }}
)

select
    account_durable_key,
    month_end_date,
    asset_kind,
    balance,
    risk_grade_code,
    risk_trigger_code,
    overdue_bucket_code,
    is_non_performing,
    lag(balance) over history as previous_balance,
    lag(risk_grade_code) over history as previous_risk_grade_code,
    lag(overdue_bucket_code) over history as previous_overdue_bucket_code
from classes
window history as (partition by account_durable_key order by month_end_date)
