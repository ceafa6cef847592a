{{ config(materialized='ephemeral') }}

-- Surveys with the customer, manager and team of the day. Grain: one answered survey.
with surveys as (
    select * from {{ ref('stg_contact__surveys') }}
)

{{ contact_members('surveys', 'survey_date') }}
