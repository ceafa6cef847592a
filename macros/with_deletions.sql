{#-
    A feed of full snapshots, with a row for each member on the first snapshot that lacks it.

    relation: CTE with one row per entity and business_date on which it was delivered.
    key: the entity.
    Returns the columns of the relation and is_deleted. A deleted member keeps its attributes, so
    that whatever still names it finds them, until a snapshot delivers it again.
-#}
{% macro with_deletions(relation, key) -%}
    select *, false as is_deleted
    from {{ relation }}
    union all
    select
        * exclude (next_snapshot_date, next_delivered_date)
            replace (next_snapshot_date as business_date),
        true as is_deleted
    from (
        select
            delivered.*,
            snapshots.next_snapshot_date,
            lead(delivered.business_date) over (
                partition by delivered.{{ key }} order by delivered.business_date
            ) as next_delivered_date
        from {{ relation }} as delivered
        inner join (
            select business_date, lead(business_date) over (order by business_date) as next_snapshot_date
            from (select distinct business_date from {{ relation }}) as snapshot_dates
        ) as snapshots
            on delivered.business_date = snapshots.business_date
    ) as dated_deliveries
    where next_snapshot_date is not null and next_delivered_date is distinct from next_snapshot_date
{%- endmacro %}
