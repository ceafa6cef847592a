-- Collateral and guarantees of loans while they last (half-open).
-- One row per piece, loan and delivered version of it that secures the loan.
with collaterals as (
    select
        'COLLATERAL' as security_kind,
        collateral_id as security_id,
        loan_id,
        value_amount as security_amount,
        status = 'PLEDGED' as is_effective,
        cast('9999-12-31' as date) as ends_on,
        business_date
    from {{ ref('stg_risk__collaterals') }}
),

guarantees as (
    select
        'GUARANTEE' as security_kind,
        guarantee_id as security_id,
        loan_id,
        guaranteed_amount as security_amount,
        status = 'ACTIVE' as is_effective,
        coalesce(cast(expiry_date + interval 1 day as date), cast('9999-12-31' as date)) as ends_on,
        business_date
    from {{ ref('stg_risk__guarantees') }}
),

securities as (
    select * from collaterals
    union all
    select * from guarantees
),

spans as (
    select
        *,
        lead(business_date, 1, cast('9999-12-31' as date))
            over (partition by security_kind, security_id, loan_id order by business_date) as next_date
    from securities
)

select
    {{ surrogate_key("'loan'", "loan_id") }} as account_durable_key,
    security_kind,
    security_id,
    security_amount,
    business_date as valid_from,
    least(next_date, ends_on) as valid_to
from spans
where is_effective and ends_on > business_date
