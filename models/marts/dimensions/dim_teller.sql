-- Grain: one teller, as last delivered (SCD type 1).
{%- set columns = ['teller_key', 'teller_id', 'teller_name', 'branch_id'] %}

with members as (
    select
        {{ surrogate_key("'teller'", "teller_id") }} as teller_key,
        teller_id,
        teller_name,
        branch_id
    from {{ ref('int_tellers__latest') }}
)

{{ with_special_members('members', columns, keys=['teller_key'], names=['teller_name']) }}
