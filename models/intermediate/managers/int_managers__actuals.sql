{{ config(materialized='ephemeral') }}
{%- set amounts = [
    ('DEPOSIT_STOCK', 'int_managers__book_measures', 'deposit_amount'),
    ('LOAN_STOCK', 'int_managers__book_measures', 'loan_amount'),
    ('INTERMEDIARY_INCOME', 'int_managers__book_measures', 'fee_amount'),
    ('ECONOMIC_VALUE_ADDED', 'int_managers__book_measures', 'value_added_amount'),
    ('DEPOSIT_GROWTH', 'int_managers__growth', 'deposit_growth_amount'),
    ('LOAN_GROWTH', 'int_managers__growth', 'loan_growth_amount'),
    ('NEW_CUSTOMERS', 'int_managers__new_customers', 'new_customer_count'),
    ('DEPOSIT_INCREMENT', 'int_managers__deposit_increments', 'increment_amount'),
] %}
{%- set ratios = [
    ('BAD_LOANS', 'int_managers__credit_measures', 'bad_amount', 'principal_amount'),
    ('OVERDUE_LOANS', 'int_managers__credit_measures', 'overdue_amount', 'principal_amount'),
    ('NON_PERFORMING_LOANS', 'int_managers__credit_measures', 'non_performing_amount', 'principal_amount'),
    ('CONTACTS_KEPT', 'int_contacts__compliance', 'contacts_kept', 'contacts_due'),
] %}

-- What managers achieved: numerator and, for ratios, denominator. A measure that nothing delivers has
-- no row here and stays unknown; a new one is one more line above.
-- Grain: one manager, measure and month.
{%- for measure_code, model, numerator in amounts %}
    select
        manager_durable_key,
        month_end_date,
        '{{ measure_code }}' as measure_code,
        cast({{ numerator }} as decimal(24, 6)) as numerator_value,
        cast(null as decimal(24, 6)) as denominator_value
    from {{ ref(model) }}
    union all
{%- endfor %}
{%- for measure_code, model, numerator, denominator in ratios %}
    select
        manager_durable_key,
        month_end_date,
        '{{ measure_code }}' as measure_code,
        cast({{ numerator }} as decimal(24, 6)) as numerator_value,
        cast({{ denominator }} as decimal(24, 6)) as denominator_value
    from {{ ref(model) }}
    {%- if not loop.last %}
        union all
    {%- endif %}
{%- endfor %}
