"""Stories of the organisation: a merged unit, a customer who moves, half a book handed over."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published


@pytest.fixture(scope="module")
def marts(sample_bank: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Published tables of the sample bank."""
    with open_published(sample_bank) as connection:
        yield connection


def one(marts: duckdb.DuckDBPyConnection, query: str, *values: Any) -> tuple[Any, ...]:
    """The only row of a query."""
    (row,) = marts.execute(query, list(values)).fetchall()
    return tuple(row)


STOCK = """
    select coalesce(sum(f.end_balance), 0)
    from marts.fct_account_monthly as f
    join marts.dim_branch as b using (branch_key)
    where f.account_type = 'DEPOSIT' and f.month_end_date = $1 and b.{key} = $2"""


def test_a_merged_unit_keeps_its_past_and_is_found_under_its_successor_today(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    unit, successor, merged_on = one(
        marts,
        """select branch_durable_key, current_branch_durable_key, valid_from from marts.dim_branch
        where successor_branch_id is not null and valid_from > date '1900-01-01'""",
    )
    was, will_be = "branch_durable_key", "current_branch_durable_key"
    ends = [row[0] for row in marts.execute("select distinct month_end_date from "
            "marts.fct_account_monthly where period_days > 0 order by 1").fetchall()]  # fmt: skip
    before, after = ends[0], ends[-1]
    past = one(marts, STOCK.format(key=was), before, unit)[0]
    assert past > 0
    assert one(marts, STOCK.format(key=was), after, unit) == (0,)
    assert one(marts, STOCK.format(key=will_be), before, unit) == (0,)
    assert one(marts, STOCK.format(key=will_be), before, successor) == (
        past + one(marts, STOCK.format(key=was), before, successor)[0],
    )
    moved = dict(
        marts.execute(
            """
            select b.branch_durable_key, sum(f.flow_amount)
            from marts.fct_fund_flow as f
            join marts.dim_flow_class as c using (flow_class_key)
            join marts.dim_branch as b using (branch_key)
            where c.flow_group = 'BETWEEN_BRANCHES' and f.flow_date = $1
                and f.account_type = 'DEPOSIT'
            group by all
            """,
            [merged_on],
        ).fetchall()
    )
    assert moved[unit] < 0
    assert moved[unit] + moved[successor] == 0


def test_half_a_book_changes_hands_with_its_stock_and_without_any_growth(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    giver, day, customers = one(
        marts,
        """
        select book.manager_durable_key, book.valid_to, count(*)
        from marts.bridge_manager_customer as book
        join marts.dim_manager as m using (manager_durable_key)
        where m.is_current and m.left_date is null and book.valid_to < date '9999-12-31'
            and book.weight = 1
        group by all
        order by count(*) desc, book.valid_to
        limit 1
        """,
    )
    assert customers > 1
    moved = marts.execute(
        """
        select c.flow_class_code, bool_or(f.is_growth), sum(f.flow_amount)
        from marts.fct_fund_flow as f
        join marts.dim_flow_class as c using (flow_class_key)
        where f.flow_date = $1 and c.flow_group = 'BETWEEN_MANAGERS' and f.account_key in (
            select g.account_key from marts.fct_fund_flow as g
            join marts.dim_manager as m using (manager_key)
            join marts.dim_flow_class as k using (flow_class_key)
            where g.flow_date = $1 and m.manager_durable_key = $2
                and k.flow_class_code = 'MANAGER_OUT'
        )
        group by all order by 1
        """,
        [day, giver],
    ).fetchall()
    (taken, grows_in, amount_in), (given, grows_out, amount_out) = moved
    assert (taken, given) == ("MANAGER_IN", "MANAGER_OUT")
    assert amount_in == -amount_out > Decimal(0)
    assert not grows_in
    assert not grows_out
    still = one(
        marts,
        """select count(*) from marts.bridge_manager_customer
        where manager_durable_key = $1 and $2 >= valid_from and $2 < valid_to""",
        giver,
        day,
    )
    assert still[0] > 0
