-- A bank small enough to add up by hand.
create schema marts;
create schema meta;
create table marts.customer as select * from (values
    (1, 'North', 100.00), (2, 'North', 200.00), (3, 'South', 300.00), (4, 'South', 400.00)
) rows(customer_key, region, credit_limit);
create table marts.account as select * from (values
    (11, 1, 'A', 10.00, date '2024-01-15'), (12, 1, 'B', 20.00, date '2024-01-20'),
    (13, 2, 'A', 30.00, date '2024-02-10'), (14, 3, 'A', 40.00, null)
) rows(account_key, customer_key, branch, balance, opened_date);
create table marts.call as select * from (values
    (21, 1, date '2024-03-01', 5), (22, 1, date '2024-03-02', 7), (23, 3, date '2024-03-05', 9),
    (24, 4, date '2024-04-01', 11)
) rows(call_key, customer_key, call_date, minutes);
create table marts.entry as select entry_key, account_key, posted_at, posted_at::date entry_date,
    amount::decimal(18, 2) amount from (values
    (31, 11, timestamp '2024-03-30 22:59:59', 1), -- Saturday, 23:59:59 in Prague
    (32, 11, timestamp '2024-03-30 23:00:00', 2), -- the first second of the Sunday in Prague
    (33, 12, timestamp '2024-03-31 21:59:59', 4), -- its last second, 23 hours later
    (34, 13, timestamp '2024-03-31 22:00:00', 8), -- Monday, 1 April in Prague
    (35, 14, timestamp '2024-10-26 22:00:00', 16), -- the first second of 27 October in Prague
    (36, 14, timestamp '2024-10-27 00:30:00', 32), -- 02:30 for the first time
    (37, 14, timestamp '2024-10-27 01:30:00', 64), -- 02:30 for the second time
    (38, 14, timestamp '2024-10-27 23:00:00', 128), -- Monday, 28 October, 25 hours later
    (39, 11, timestamp '2023-02-28 12:00:00', 256),
    (40, 11, timestamp '2024-01-31 12:00:00', 512),
    (41, 12, timestamp '2024-02-01 12:00:00', 1024),
    (42, 13, timestamp '2024-02-29 12:00:00', 2048)
) rows(entry_key, account_key, posted_at, amount);
create table meta.version as
    select 'tiny' as version, date '2024-10-31' as business_date, 1::bigint built_through_load;
