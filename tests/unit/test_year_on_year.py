"""A unit that took another one in is compared as it was and like for like."""

from __future__ import annotations

import duckdb

from bankcrm.settings import PROJECT_FOLDER

MARTS = """
create schema marts;
use marts;
-- Unit 2 was taken over by unit 1; unit 3 stayed as it is.
create table dim_branch as select
    unit::bigint as branch_key, unit::bigint as branch_durable_key,
    heir::bigint as current_branch_durable_key, 'North' as region_name,
    'Unit ' || unit as branch_name, true as is_current
from (values (1, 1), (2, 1), (3, 3)) as units (unit, heir);
create table dim_product as select 1::bigint as product_key, 'ASSET' as pillar;
create table fct_account_monthly as select
    day::date as month_end_date, unit::bigint as branch_key, 1::bigint as product_key,
    loans::decimal(18, 2) as end_balance, true as is_complete_month
from (values
    ('2023-03-31', 1, 1000000), ('2023-03-31', 2, 525000), ('2023-03-31', 3, 100),
    ('2024-03-31', 1, 1255000), ('2024-03-31', 3, 90)) as months (day, unit, loans);
create table fct_profit_monthly as select
    month_end_date, branch_key, -end_balance as pre_tax_contribution_amount,
    is_complete_month
from fct_account_monthly;
create table fct_contact_compliance (
    month_end_date date, branch_key bigint, contacts_kept int, contacts_due int,
    is_complete_month boolean);
create table fct_complaint (
    branch_durable_key bigint, received_date date, is_within_term boolean);
"""


def test_loans_grew_by_255000_as_was_and_fell_by_270000_like_for_like() -> None:
    query = (PROJECT_FOLDER / "analyses" / "branch_scorecard_year_on_year.sql").read_text("utf-8")
    with duckdb.connect() as connection:
        connection.execute(MARTS)
        answer = connection.execute(
            "select branch, loan_balance, loan_change, loan_change_like_for_like, "
            f"contribution_change, contribution_change_like_for_like from ({query})"
        ).fetchall()
    assert [tuple(map(str, row)) for row in answer] == [
        ("Unit 3", "90.00", "-10.00", "-10.00", "10.00", "10.00"),
        ("Unit 1", "1255000.00", "255000.00", "-270000.00", "-255000.00", "270000.00"),
    ]
