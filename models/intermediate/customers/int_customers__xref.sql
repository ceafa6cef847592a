with source_records as (
    select * from {{ ref('int_customers__source_records') }}
),

source_customers as (
    select distinct
        source_system,
        customer_id
    from source_records
),

-- The first document a system delivered names the customer for good: a later change of document
-- does not change the key.
first_documents as (
    select
        source_system,
        customer_id,
        document_type,
        normalised_document_number
    from source_records
    where normalised_document_number is not null
    qualify row_number() over (partition by source_system, customer_id order by business_date) = 1
),

resolved_customers as (
    select
        source_customers.source_system,
        source_customers.customer_id as source_customer_id,
        case
            when first_documents.customer_id is null
                then {{ surrogate_key("'customer'", "source_customers.source_system", "source_customers.customer_id") }}
            else {{ surrogate_key("'document'", "first_documents.document_type", "first_documents.normalised_document_number") }}
        end as customer_durable_key,
        case
            when first_documents.customer_id is null then 'source_id'
            else 'exact_document'
        end as match_rule,
        cast(1 as decimal(9, 6)) as match_confidence
    from source_customers
    left join first_documents
        on
            source_customers.source_system = first_documents.source_system
            and source_customers.customer_id = first_documents.customer_id
)

select * from resolved_customers
