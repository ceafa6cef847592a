-- On every date the weights of the measures of managers sum to 100.
with boundaries as (
    select distinct valid_from as first_day from {{ ref('manager_measure') }}
)

select
    boundaries.first_day,
    sum(measures.weight) as weight
from boundaries
inner join {{ ref('manager_measure') }} as measures
    on
        {{ valid_on('measures', 'boundaries.first_day') }}
group by boundaries.first_day
having sum(measures.weight) <> 100
