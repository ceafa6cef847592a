-- Complaints dealt with in the term, by unit
-- How to read: a complaint keeps the term when it was acknowledged, answered and reported in it with its four
-- parts. Running ones are not decided yet and stay out of the percentage; days are means over those answered.
select
    branches.region_name as region,
    branches.branch_name as unit,
    count(*) as complaint_count,
    count(*) filter (where complaints.is_within_term) as within_term_count,
    count(*) filter (where not complaints.is_within_term) as breach_count,
    count(*) filter (where complaints.is_within_term is null) as running_count,
    round(
        100 * count(*) filter (where complaints.is_within_term) / nullif(count(complaints.is_within_term), 0), 1
    ) as within_term_percent,
    round(avg(complaints.days_until_answered), 1) as days_until_answered,
    sum(complaints.penalty_amount) as penalty_amount
from marts.fct_complaint as complaints
inner join marts.dim_branch as branches on complaints.branch_key = branches.branch_key
group by branches.region_name, branches.branch_name
order by breach_count desc, complaint_count desc, region asc, unit asc
