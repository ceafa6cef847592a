-- Grain: one minute of the day. The key is the minute counted from midnight, readable as dim_date's is.
{%- set columns = [
    'time_of_day_key', 'time_of_day', 'hour_number', 'minute_number', 'hour_name',
    'day_part_code', 'day_part_name', 'day_part_name_zh', 'day_part_ordinal',
] %}

with minutes as (
    select cast(unnest(range(24 * 60)) as integer) as time_of_day_key
),

members as (
    select
        minutes.time_of_day_key,
        cast(make_time(minutes.time_of_day_key // 60, minutes.time_of_day_key % 60, 0) as time) as time_of_day,
        minutes.time_of_day_key // 60 as hour_number,
        minutes.time_of_day_key % 60 as minute_number,
        printf('%02d:00', minutes.time_of_day_key // 60) as hour_name,
        day_parts.day_part_code,
        day_parts.day_part_name,
        day_parts.day_part_name_zh,
        day_parts.ordinal as day_part_ordinal
    from minutes
    left join {{ ref('day_part') }} as day_parts
        on
            minutes.time_of_day_key // 60 >= day_parts.hour_from
            and minutes.time_of_day_key // 60 < day_parts.hour_to
)

{{ with_special_members(
    'members', columns,
    keys=['time_of_day_key'], names=['hour_name', 'day_part_name']
) }}
