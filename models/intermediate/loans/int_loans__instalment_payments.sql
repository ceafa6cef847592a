-- Payments matched to the instalments they pay. A payment that names its instalment pays that one;
-- payments that name none fill what is left open of the oldest instalments first. An instalment is met
-- on the day its payments reach it but for REPAYMENT_TOLERANCE, which nameless payments may miss once
-- for every instalment they have filled: a schedule may be in round numbers. What belongs to no known
-- instalment is a row without a due date.
-- One row per instalment of the latest schedule, per paid number outside it, and per loan whose nameless
-- payments exceed its instalments.
with nights as (
    select max(as_of_date) as last_date from {{ ref('int_calendar__months') }}
),

tolerances as (
    select rules.rule_value as tolerance_amount
    from {{ ref('risk_rule') }} as rules
    inner join nights
        on
            {{ valid_on('rules', 'nights.last_date') }}
    where rules.rule_code = 'REPAYMENT_TOLERANCE'
),

payments as (
    select
        {{ surrogate_key("'loan'", "loan_id") }} as account_durable_key,
        repayment_id,
        instalment_number,
        paid_date,
        principal_paid_amount + interest_paid_amount as paid_amount
    from {{ ref('stg_loan__repayments') }}
),

instalments as (
    select
        account_durable_key,
        instalment_number,
        due_date,
        principal_due_amount,
        interest_due_amount,
        principal_due_amount + interest_due_amount as due_amount
    from {{ ref('int_loans__instalments') }}
    where valid_to = '9999-12-31'
),

named_payments as (
    select
        payments.account_durable_key,
        payments.instalment_number,
        payments.paid_date,
        payments.paid_amount,
        instalments.due_amount,
        sum(payments.paid_amount) over (
            partition by payments.account_durable_key, payments.instalment_number
            order by payments.paid_date, payments.repayment_id
        ) as paid_until
    from payments
    left join instalments
        on
            payments.account_durable_key = instalments.account_durable_key
            and payments.instalment_number = instalments.instalment_number
    where payments.instalment_number is not null
),

named_fills as (
    select
        named_payments.account_durable_key,
        named_payments.instalment_number,
        min(named_payments.paid_date) as first_paid_date,
        min(named_payments.paid_date) filter (
            where named_payments.paid_until >= coalesce(named_payments.due_amount, 0) - tolerances.tolerance_amount
        ) as met_date,
        sum(named_payments.paid_amount) as paid_amount,
        count(*) as payment_count
    from named_payments
    cross join tolerances
    group by named_payments.account_durable_key, named_payments.instalment_number
),

open_instalments as (
    select
        instalments.account_durable_key,
        instalments.instalment_number,
        instalments.due_amount - coalesce(named_fills.paid_amount, 0) as open_amount,
        sum(instalments.due_amount - coalesce(named_fills.paid_amount, 0)) over due_order as open_until,
        count(*) over due_order as open_count
    from instalments
    left join named_fills
        on
            instalments.account_durable_key = named_fills.account_durable_key
            and instalments.instalment_number = named_fills.instalment_number
    where instalments.due_amount > coalesce(named_fills.paid_amount, 0)
    window due_order as (
        partition by instalments.account_durable_key
        order by instalments.due_date, instalments.instalment_number
    )
),

nameless_payments as (
    select
        account_durable_key,
        paid_date,
        paid_amount,
        sum(paid_amount) over (
            partition by account_durable_key
            order by paid_date, repayment_id
        ) as paid_until
    from payments
    where instalment_number is null
),

nameless_fills as (
    select
        open_instalments.account_durable_key,
        open_instalments.instalment_number,
        min(nameless_payments.paid_date) as first_paid_date,
        min(nameless_payments.paid_date) filter (
            where nameless_payments.paid_until
            >= open_instalments.open_until - open_instalments.open_count * tolerances.tolerance_amount
        ) as met_date,
        sum(
            least(nameless_payments.paid_until, open_instalments.open_until)
            - greatest(
                nameless_payments.paid_until - nameless_payments.paid_amount,
                open_instalments.open_until - open_instalments.open_amount
            )
        ) as paid_amount,
        count(*) as payment_count
    from open_instalments
    inner join nameless_payments
        on
            open_instalments.account_durable_key = nameless_payments.account_durable_key
            and nameless_payments.paid_until - nameless_payments.paid_amount < open_instalments.open_until
            and nameless_payments.paid_until > open_instalments.open_until - open_instalments.open_amount
    cross join tolerances
    group by open_instalments.account_durable_key, open_instalments.instalment_number
),

due_instalments as (
    select
        instalments.account_durable_key,
        instalments.instalment_number,
        instalments.due_date,
        coalesce(
            least(named_fills.first_paid_date, nameless_fills.first_paid_date),
            named_fills.first_paid_date,
            nameless_fills.first_paid_date
        ) as first_paid_date,
        coalesce(named_fills.met_date, nameless_fills.met_date) as met_date,
        instalments.principal_due_amount,
        instalments.interest_due_amount,
        coalesce(named_fills.paid_amount, 0) + coalesce(nameless_fills.paid_amount, 0) as paid_amount,
        coalesce(named_fills.payment_count, 0) + coalesce(nameless_fills.payment_count, 0) as payment_count
    from instalments
    left join named_fills
        on
            instalments.account_durable_key = named_fills.account_durable_key
            and instalments.instalment_number = named_fills.instalment_number
    left join nameless_fills
        on
            instalments.account_durable_key = nameless_fills.account_durable_key
            and instalments.instalment_number = nameless_fills.instalment_number
),

unscheduled_payments as (
    select
        named_fills.account_durable_key,
        named_fills.instalment_number,
        cast(null as date) as due_date,
        named_fills.first_paid_date,
        named_fills.met_date,
        cast(null as decimal(18, 2)) as principal_due_amount,
        cast(null as decimal(18, 2)) as interest_due_amount,
        named_fills.paid_amount,
        named_fills.payment_count
    from named_fills
    anti join instalments
        on
            named_fills.account_durable_key = instalments.account_durable_key
            and named_fills.instalment_number = instalments.instalment_number
),

open_totals as (
    select
        account_durable_key,
        max(open_until) as open_total
    from open_instalments
    group by account_durable_key
),

excess_payments as (
    select
        nameless_payments.account_durable_key,
        cast(null as integer) as instalment_number,
        cast(null as date) as due_date,
        min(nameless_payments.paid_date) as first_paid_date,
        min(nameless_payments.paid_date) as met_date,
        cast(null as decimal(18, 2)) as principal_due_amount,
        cast(null as decimal(18, 2)) as interest_due_amount,
        max(nameless_payments.paid_until) - max(coalesce(open_totals.open_total, 0)) as paid_amount,
        count(*) as payment_count
    from nameless_payments
    left join open_totals on nameless_payments.account_durable_key = open_totals.account_durable_key
    where nameless_payments.paid_until > coalesce(open_totals.open_total, 0)
    group by nameless_payments.account_durable_key
),

matched_payments as (
    select * from due_instalments
    union all
    select * from unscheduled_payments
    union all
    select * from excess_payments
)

select
    account_durable_key,
    instalment_number,
    due_date,
    first_paid_date,
    met_date,
    principal_due_amount,
    interest_due_amount,
    cast(principal_due_amount + interest_due_amount as decimal(18, 2)) as due_amount,
    cast(paid_amount as decimal(18, 2)) as paid_amount,
    cast(payment_count as bigint) as payment_count
from matched_payments
