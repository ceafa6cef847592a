{#- Owners of accounts with the weight of all owners up to each, in the order in which cents are dealt. -#}
{% macro cumulative_owners() -%}
    select
        *,
        sum(weight) over (
            partition by account_durable_key, valid_from
            order by customer_durable_key
        ) as cumulative_weight
    from {{ ref('int_accounts__owners') }}
{%- endmacro %}

{#-
    An owner's part of an account's amount, to the cent: the rounded cumulative part less the one
    before, so that owners sum to the account. Without an owner, the whole.

    owners: alias of a left-joined cumulative_owners().
-#}
{% macro owner_part(amount, owners) -%}
    cast(
        {{ split_part_of(amount, "coalesce(" ~ owners ~ ".cumulative_weight, 1)") }}
        - {{ split_part_of(amount, "coalesce(" ~ owners ~ ".cumulative_weight - " ~ owners ~ ".weight, 0)") }}
        as decimal(18, 2)
    )
{%- endmacro %}
