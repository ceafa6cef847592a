{{ config(materialized='ephemeral') }}

-- Deliveries that count. Grain: one load.
select
    load_id,
    business_date
from {{ source('ops', 'whole_load') }}
