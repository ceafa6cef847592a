{{ config(materialized='incremental') }}

-- Place of each customer on the whale curve and annuity value, by the contribution of twelve months up
-- to this one, as far as it is known. Best first, ties by customer key. The class goes by the share of
-- gross profit (what contributing customers bring) that is reached before the customer; who brings
-- nothing comes after the whole.
-- Grain: one customer with a known contribution in the twelve months up to one month.
with months as (
    select
        *,
        last_day(month_start_date - interval 11 month) as year_from_date
    from {{ ref('int_calendar__months') }}
),

contributions as (
    select
        customer_months.customer_durable_key,
        customer_months.month_end_date,
        months.period_days,
        customer_months.pre_tax_contribution_amount
    from {{ ref('int_customers__months') }} as customer_months
    inner join months on customer_months.month_end_date = months.month_end_date
    where
        customer_months.pre_tax_contribution_amount is not null
        and customer_months.customer_durable_key > 0
),

years as (
    select
        contributions.customer_durable_key,
        months.month_end_date,
        months.as_of_date,
        cast(sum(contributions.pre_tax_contribution_amount) as decimal(18, 2)) as year_contribution_amount,
        cast(sum(contributions.period_days) as integer) as year_contribution_days
    from contributions
    inner join months
        on
            contributions.month_end_date >= months.year_from_date
            and contributions.month_end_date <= months.month_end_date
    where months.month_start_date >= {{ refresh_from_month() }}
    group by contributions.customer_durable_key, months.month_end_date, months.as_of_date
),

curve as (
    select
        *,
        {{ cents('year_contribution_amount') }} as cents,
        row_number() over best_first as value_rank,
        cast(sum(year_contribution_amount) over best_first as decimal(18, 2)) as cumulative_contribution_amount,
        {{ cents('sum(year_contribution_amount) over (partition by month_end_date)') }} as total_cents,
        {{ cents('sum(greatest(year_contribution_amount, 0)) over (partition by month_end_date)') }} as gross_cents,
        {{ cents('(sum(greatest(year_contribution_amount, 0)) over best_first - greatest(year_contribution_amount, 0))') }}
            as gross_cents_before
    from years
    window best_first as (
        partition by month_end_date
        order by year_contribution_amount desc, customer_durable_key asc
        rows between unbounded preceding and current row
    )
),

shares as (
    select
        *,
        {{ ratio(cents('cumulative_contribution_amount'), 'total_cents') }} as cumulative_contribution_rate,
        coalesce({{ ratio_cut('gross_cents_before', 'gross_cents') }}, 1) as gross_rate_before
    from curve
)

select
    shares.customer_durable_key,
    shares.month_end_date,
    {{ surrogate_key("'value_band'", "bands.band_kind", "bands.band_code", "bands.valid_from") }} as value_class_band_key,
    bands.band_code as value_class_code,
    shares.year_contribution_amount,
    shares.year_contribution_days,
    cast(shares.value_rank as integer) as value_rank,
    shares.cumulative_contribution_amount,
    shares.cumulative_contribution_rate,
    case
        when shares.year_contribution_days > 0
            then {{ divide_money(
                "(shares.cents * 365 * " ~ rate_units('terms.annuity_retention_rate') ~ ")",
                "(shares.year_contribution_days * (100000000 + " ~ rate_units('terms.annuity_discount_rate')
                ~ " - " ~ rate_units('terms.annuity_retention_rate') ~ "))"
            ) }}
    end as annuity_value_amount
from shares
inner join {{ ref('int_customers__parameters') }} as terms
    on shares.month_end_date = terms.month_end_date
left join {{ ref('value_band') }} as bands
    on
        bands.band_kind = 'VALUE_CLASS'
        and shares.gross_rate_before >= bands.range_from
        and shares.gross_rate_before < bands.range_to
        and {{ valid_on('bands', 'shares.as_of_date') }}
