-- On every date on which an account has an owner, the weights of its owners sum to exactly 1.
select
    account_durable_key,
    valid_from,
    sum(weight) as weight
from {{ ref('bridge_account_customer') }}
group by account_durable_key, valid_from
having sum(weight) <> 1
