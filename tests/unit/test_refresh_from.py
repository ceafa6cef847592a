"""How far back a refresh must rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from bankcrm.settings import Settings
from pipelines.build.refresh_from import BuiltVersion, find_refresh_from
from pipelines.identity.link import link_customers
from pipelines.identity.review import decide
from pipelines.loading.complete_through import explain_incomplete_date, set_complete_through
from pipelines.loading.raw import open_raw
from tests.unit.raw_rows import insert_row

DAYS = [date(2024, 1, day) for day in range(1, 10)]


class Raw:
    """A raw database in which loads are entered by hand."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.loads = 0
        self.links: dict[int, pa.Table] = {}

    def load(self, feed: str, night: date, touches: date | None = None, **columns: object) -> int:
        self.loads += 1
        source, _, name = feed.partition(".")
        self.connection.execute(
            """insert into ops.load (load_id, source, feed, file_name, business_date, rerun,
                status, earliest_affected_date) values ($1, $2, $3, $3, $4, 0, 'loaded', $5)""",
            [self.loads, source, name, night, touches or night],
        )
        insert_row(self.connection, feed, self.loads, night, **columns)
        return self.loads

    def night(self, day: date) -> None:
        """The mandatory feeds of a night."""
        self.load("branch.account_balance", day, account_id="A", balance=1)
        self.load("teller.transaction", day, transaction_id=str(day), posting_date=day)

    def refresh_from(self, built: int) -> date | None:
        """How far back, upon a version that was built when so many loads were there."""
        set_complete_through(self.connection)
        link_customers(self.connection)
        loads = tuple(range(1, built + 1))
        return find_refresh_from(self.connection, BuiltVersion(loads, self.links[built]))

    def build(self) -> int:
        """Build a version of what was loaded so far; returns the number of its loads."""
        set_complete_through(self.connection)
        link_customers(self.connection)
        links = self.connection.execute("from identity.link").to_arrow_table()
        self.links[self.loads] = links
        return self.loads


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[Raw]:
    with open_raw(Settings(home=tmp_path)) as connection:
        yield Raw(connection)


def test_nothing_new_means_nothing_to_rebuild(raw: Raw) -> None:
    raw.night(DAYS[0])
    assert raw.refresh_from(raw.build()) is None


def test_a_new_night_rebuilds_from_its_business_date(raw: Raw) -> None:
    raw.night(DAYS[0])
    built = raw.build()
    raw.night(DAYS[1])
    assert raw.refresh_from(built) == DAYS[1]


def test_a_back_valued_row_rebuilds_from_the_date_it_takes_effect(raw: Raw) -> None:
    for day in DAYS[:4]:
        raw.night(day)
    built = raw.build()
    raw.night(DAYS[4])
    raw.load("finance.rate_curve", DAYS[4], touches=DAYS[2], curve_date=DAYS[2])
    assert raw.refresh_from(built) == DAYS[2]


def test_a_superseded_load_rebuilds_from_what_it_had_touched(raw: Raw) -> None:
    for day in DAYS[:4]:
        raw.night(day)
    built = raw.build()
    correction = raw.load("teller.transaction", DAYS[1], transaction_id="T", posting_date=DAYS[1])
    raw.connection.execute(
        """update ops.load set superseded_by = $1
        where feed = 'transaction' and business_date = $2 and load_id < $1""",
        [correction, DAYS[1]],
    )
    assert raw.refresh_from(built) == DAYS[1]


def test_a_late_account_rebuilds_from_the_first_row_that_named_it(raw: Raw) -> None:
    for day in DAYS[:3]:
        raw.night(day)
    built = raw.build()
    raw.night(DAYS[3])
    raw.load("branch.account", DAYS[3], account_id="A")
    assert raw.refresh_from(built) == DAYS[0]


def test_a_change_of_an_account_that_was_known_before_rebuilds_from_its_own_night(
    raw: Raw,
) -> None:
    raw.load("branch.account", DAYS[0], account_id="A")
    for day in DAYS[:3]:
        raw.night(day)
    built = raw.build()
    raw.night(DAYS[3])
    raw.load("branch.account", DAYS[3], account_id="A")
    assert raw.refresh_from(built) == DAYS[3]


def test_a_reversal_rebuilds_from_the_entry_it_takes_back_even_through_another_reversal(
    raw: Raw,
) -> None:
    for day in DAYS[:4]:
        raw.night(day)
    first, second = str(DAYS[1]), "R1"
    raw.load("teller.transaction", DAYS[3], transaction_id=second, posting_date=DAYS[3],
             reversal_of=first)  # fmt: skip
    built = raw.build()
    raw.night(DAYS[4])
    assert raw.refresh_from(built) == DAYS[4]
    raw.load("teller.transaction", DAYS[4], transaction_id="R2", posting_date=DAYS[4],
             reversal_of=second)  # fmt: skip
    assert raw.refresh_from(built) == DAYS[1]


def test_a_late_entry_rebuilds_from_the_reversal_that_was_there_before_it(raw: Raw) -> None:
    for day in DAYS[:3]:
        raw.night(day)
    raw.load("teller.transaction", DAYS[1], transaction_id="R", posting_date=DAYS[1],
             reversal_of="LATE")  # fmt: skip
    built = raw.build()
    raw.night(DAYS[3])
    raw.load("teller.transaction", DAYS[3], transaction_id="LATE", posting_date=DAYS[3])
    assert raw.refresh_from(built) == DAYS[1]


PASSPORT: dict[str, Any] = {"document_type": "PASSPORT", "document_number": "7"}


def test_a_document_that_makes_two_customers_one_rebuilds_every_row_of_the_one_that_moves(
    raw: Raw,
) -> None:
    raw.night(DAYS[0])
    raw.load("branch.customer", DAYS[0], customer_id="C", **PASSPORT)
    raw.night(DAYS[1])
    raw.load("card.customer", DAYS[1], customer_id="K")
    raw.load("card.card", DAYS[1], card_id="1", customer_id="K")
    raw.night(DAYS[2])
    built = raw.build()
    raw.night(DAYS[3])
    raw.load("card.customer", DAYS[3], customer_id="K", **PASSPORT)
    assert raw.refresh_from(built) == DAYS[1]


def test_rows_about_an_account_of_a_customer_who_moves_are_rebuilt_though_they_came_before_it(
    raw: Raw,
) -> None:
    raw.night(DAYS[0])
    raw.load("branch.customer", DAYS[0], customer_id="C", **PASSPORT)
    raw.load("card.card_balance", DAYS[0], card_id="1", balance=1)
    raw.night(DAYS[1])
    raw.load("card.customer", DAYS[1], customer_id="K")
    raw.load("card.card", DAYS[1], card_id="1", customer_id="K")
    built = raw.build()
    raw.night(DAYS[2])
    raw.load("card.customer", DAYS[2], customer_id="K", **PASSPORT)
    assert raw.refresh_from(built) == DAYS[0]


def test_a_document_that_joins_nobody_does_not_reach_back(raw: Raw) -> None:
    raw.night(DAYS[0])
    raw.load("card.customer", DAYS[0], customer_id="K", **PASSPORT)
    raw.load("card.card", DAYS[0], card_id="1", customer_id="K")
    built = raw.build()
    raw.night(DAYS[1])
    raw.load("card.customer", DAYS[1], customer_id="K", **(PASSPORT | {"document_number": "8"}))
    assert raw.refresh_from(built) == DAYS[1]


def test_a_newcomer_who_joins_a_known_customer_does_not_reach_back(raw: Raw) -> None:
    raw.night(DAYS[0])
    raw.load("branch.customer", DAYS[0], customer_id="C", **PASSPORT)
    raw.load("branch.account_party", DAYS[0], account_id="A", customer_id="C", valid_from=DAYS[0])
    built = raw.build()
    raw.night(DAYS[1])
    raw.load("card.customer", DAYS[1], customer_id="K", **PASSPORT)
    assert raw.refresh_from(built) == DAYS[1]


def test_a_decision_without_a_delivery_is_something_to_rebuild(raw: Raw) -> None:
    raw.night(DAYS[0])
    raw.load("branch.customer", DAYS[0], customer_id="C", **PASSPORT)
    raw.night(DAYS[1])
    raw.load("card.customer", DAYS[1], customer_id="K", **PASSPORT)
    built = raw.build()
    assert raw.refresh_from(built) is None
    pair = ("branch", "C"), ("card", "K")
    decide(raw.connection, "reject", pair, decided_by="Ann", reason="father and son")
    assert raw.refresh_from(built) == DAYS[1]


def test_a_night_without_a_mandatory_feed_stays_beyond_the_horizon(raw: Raw) -> None:
    raw.night(DAYS[0])
    built = raw.build()
    raw.load("branch.account_balance", DAYS[1], account_id="A", balance=2)
    assert raw.refresh_from(built) is None
    blocked = explain_incomplete_date(raw.connection)
    assert blocked is not None
    assert "2024-01-02 is not whole: no teller.transaction was delivered" in blocked.problem
