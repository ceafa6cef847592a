{{ config(materialized='ephemeral') }}

-- Cost pools that finance has ever delivered. Grain: one cost pool.
select distinct cost_pool_code from {{ ref('stg_finance__cost_pools') }}
