{#-
    The key of the contract is there and occurs once: once a night for rows that are delivered
    as they change (dated), once at all for entries and for rows with a validity of their own.
-#}
{% test delivered_key_is_unique(model, key, dated) %}
    {%- set grain = key + (['business_date'] if dated else []) %}
select {{ grain | join(', ') }}, count(*) as row_count
from {{ model }}
group by {{ grain | join(', ') }}
having count(*) > 1
{% for column in key %}    or {{ column }} is null
{% endfor %}
{% endtest %}
