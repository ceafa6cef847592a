-- A rule for what to offer to whom, and its reason, latest month
-- How to read: of the families a customer lacks, the one that most customers of the same type and grade
-- hold. The share of holders is the whole reason; no probability of a purchase is behind it.
select
    customer_type,
    grade_code as grade,
    product_rule_family as offer,
    count(*) as customer_count,
    any_value(product_rule_holder_count) as holders_among_peers,
    any_value(product_rule_peer_count) as peers,
    round(100 * any_value(product_rule_holder_count) / any_value(product_rule_peer_count), 1) as held_by_percent
from marts.mart_customer_seven_views
where product_rule_family is not null
group by customer_type, grade_code, product_rule_family
order by held_by_percent desc, customer_count desc, customer_type asc, grade_code asc
