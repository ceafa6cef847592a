-- Grain: one activity as last defined, or the unused capacity of one cost pool.
{%- set columns = [
    'activity_key', 'activity_code', 'activity_name', 'activity_name_zh', 'cost_pool_code', 'is_idle',
] %}

with activities as (
    select
        activity_code,
        activity_name,
        activity_name_zh,
        cost_pool_code,
        false as is_idle
    from {{ ref('activity') }}
    qualify row_number() over (partition by activity_code order by valid_from desc) = 1
),

idle_capacity as (
    select
        'IDLE_' || cost_pool_code as activity_code,
        'Unused capacity of ' || cost_pool_code as activity_name,
        '闲置产能 ' || cost_pool_code as activity_name_zh,
        cost_pool_code,
        true as is_idle
    from {{ ref('int_costs__pools') }}
),

members as (
    select
        {{ surrogate_key("'activity'", "activity_code") }} as activity_key,
        *
    from (
        select * from activities
        union all
        select * from idle_capacity
    ) as all_activities
)

{{ with_special_members(
    'members', columns,
    keys=['activity_key'], names=['activity_name'], values={'is_idle': 'false'}
) }}
