-- The next product: what to offer to whom, and why, latest month
-- How to read: of the families a customer lacks, the one that most customers of the same type and grade
-- hold. The share of holders is the whole reason: high shares are gaps, low ones are guesses.
select
    customer_type,
    grade_code as grade,
    next_product_family as offer,
    count(*) as customer_count,
    any_value(next_product_holder_count) as holders_among_peers,
    any_value(next_product_peer_count) as peers,
    round(100 * any_value(next_product_holder_count) / any_value(next_product_peer_count), 1) as held_by_percent
from marts.mart_customer_seven_views
where next_product_family is not null
group by customer_type, grade_code, next_product_family
order by held_by_percent desc, customer_count desc, customer_type asc, grade_code asc
