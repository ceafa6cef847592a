-- On every date the weights of the scenarios of default sum to 1.
with boundaries as (
    select distinct valid_from as first_day from {{ ref('default_scenario') }}
)

select
    boundaries.first_day,
    sum(scenarios.weight) as weight
from boundaries
inner join {{ ref('default_scenario') }} as scenarios
    on
        {{ valid_on('scenarios', 'boundaries.first_day') }}
group by boundaries.first_day
having sum(scenarios.weight) <> 1
