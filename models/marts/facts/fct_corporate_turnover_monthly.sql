-- Grain: one company that holds a deposit account, one currency, one month. A plain table: the year
-- that ends with a month reaches further back than an incremental build sees.
with months as (
    select * from {{ ref('int_calendar__months') }}
),

turnover as (
    select * from {{ ref('int_transactions__turnover') }}
),

companies as (
    select distinct
        account_months.customer_durable_key,
        account_months.currency_key,
        months.month_end_date,
        months.as_of_date,
        months.period_days,
        months.is_complete_month
    from {{ ref('fct_account_monthly') }} as account_months
    inner join months on account_months.month_end_date = months.month_end_date
    inner join {{ ref('dim_customer') }} as customers on account_months.customer_key = customers.customer_key
    where
        account_months.account_type = 'DEPOSIT'
        and customers.customer_type = 'CORPORATE'
),

observed as (
    select
        companies.customer_durable_key,
        companies.currency_key,
        companies.month_end_date,
        sum(past_months.period_days) as observed_days,
        sum(coalesce(turnover.turnover_amount, 0)) as observed_turnover_amount
    from companies
    inner join companies as past_months
        on
            companies.customer_durable_key = past_months.customer_durable_key
            and companies.currency_key = past_months.currency_key
            and companies.month_end_date >= past_months.month_end_date
            and last_day(companies.month_end_date - interval 12 month) < past_months.month_end_date
    left join turnover
        on
            past_months.customer_durable_key = turnover.customer_durable_key
            and past_months.currency_key = turnover.currency_key
            and past_months.month_end_date = turnover.month_end_date
    group by companies.customer_durable_key, companies.currency_key, companies.month_end_date
),

declarations as (
    select * from {{ ref('int_customers__declared_turnovers') }}
),

declared as (
    select
        companies.customer_durable_key,
        companies.currency_key,
        companies.month_end_date,
        declarations.fiscal_year_end_date,
        declarations.turnover_amount
    from companies
    inner join declarations
        on
            companies.customer_durable_key = declarations.customer_durable_key
            and companies.currency_key = declarations.currency_key
            and companies.as_of_date >= declarations.business_date
    qualify
        row_number() over (
            partition by companies.customer_durable_key, companies.currency_key, companies.month_end_date
            order by
                declarations.fiscal_year_end_date desc, declarations.business_date desc,
                declarations.customer_id asc
        ) = 1
)

select
    {{ surrogate_key("companies.customer_durable_key", "companies.currency_key", "companies.month_end_date") }}
        as corporate_turnover_monthly_key,
    companies.month_end_date,
    customers.customer_key,
    companies.customer_durable_key,
    companies.currency_key,
    companies.is_complete_month,
    declared.fiscal_year_end_date as declared_year_end_date,
    declared.turnover_amount as declared_turnover_amount,
    cast(coalesce(turnover.turnover_amount, 0) as decimal(18, 2)) as turnover_amount,
    cast(observed.observed_turnover_amount as decimal(18, 2)) as observed_turnover_amount,
    cast(observed.observed_days as integer) as observed_days,
    case
        when observed.observed_days > 0
            then
                {{ divide_money(
                    "(" ~ cents('observed.observed_turnover_amount') ~ " * 365)",
                    "cast(greatest(observed.observed_days, 1) as hugeint)"
                ) }}
    end as annualised_turnover_amount
from companies
inner join observed
    on
        companies.customer_durable_key = observed.customer_durable_key
        and companies.currency_key = observed.currency_key
        and companies.month_end_date = observed.month_end_date
inner join {{ ref('dim_customer') }} as customers
    on
        companies.customer_durable_key = customers.customer_durable_key
        and {{ valid_on('customers', 'companies.as_of_date') }}
left join turnover
    on
        companies.customer_durable_key = turnover.customer_durable_key
        and companies.currency_key = turnover.currency_key
        and companies.month_end_date = turnover.month_end_date
left join declared
    on
        companies.customer_durable_key = declared.customer_durable_key
        and companies.currency_key = declared.currency_key
        and companies.month_end_date = declared.month_end_date
