{{ config(materialized='ephemeral') }}

-- Tellers as last delivered. Grain: one teller.
select
    teller_id,
    teller_name,
    branch_id
from {{ ref('stg_teller__tellers') }}
qualify row_number() over (partition by teller_id order by business_date desc) = 1
