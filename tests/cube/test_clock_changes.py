"""Filters on moments in a time zone, around the hours that its clocks skip and show twice.

The judge is the local clock of each entry, as Python's tables of time zones have it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from cube.compiler.model import load_model
from cube.planner.planner import plan_query
from cube.planner.sql import write_statement
from cube.query.query import parse_query
from cube.security.access import grant_all
from tests.cube.stock.queries import Query

Refuse = Callable[..., str]
TINY = Path(__file__).with_name("tiny")
POSTED, ENTRIES = "entries_of_accounts.posted_at", "entries_of_accounts.entries"
STEP = timedelta(minutes=10)
CHANGES = {
    "Europe/Prague": (datetime(2024, 3, 30, 22), datetime(2024, 10, 26, 22)),
    "America/New_York": (datetime(2024, 3, 10, 4), datetime(2024, 11, 3, 3)),
    "Asia/Beirut": (datetime(2024, 3, 30, 19), datetime(2024, 10, 26, 18)),
}
"""Hours before the clocks of a zone go forward and back, in UTC."""
MOMENTS = [start + STEP * i for both in CHANGES.values() for start in both for i in range(48)]


def local(moment: datetime, zone: str) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


@pytest.fixture(scope="module")
def count() -> Callable[[Query], int]:
    """How many entries a query counts, of one every ten minutes."""
    model = load_model(TINY / "model")
    access = grant_all(model)
    connection = duckdb.connect()
    connection.execute((TINY / "tables.sql").read_text(encoding="utf-8"))
    connection.execute("delete from marts.entry")
    rows = [(100 + i, 11, moment, moment.date(), 1) for i, moment in enumerate(MOMENTS)]
    connection.executemany("insert into marts.entry values (?, ?, ?, ?, ?)", rows)

    def ask(query: Query) -> int:
        parsed = parse_query({"measures": [ENTRIES], **query})
        plan = plan_query(parsed, model, datetime(2024, 10, 31).date(), access)
        statement = write_statement(plan, model)
        ((found,),) = connection.execute(statement.sql, list(statement.parameters)).fetchall()
        return int(found)

    return ask


def text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def around(zone: str) -> list[datetime]:
    """Moments of the local clock, skipped and doubled ones too, every 25 minutes."""
    starts = [local(start, zone) for start in CHANGES[zone]]
    return [start + timedelta(minutes=25) * i for start in starts for i in range(18)]


@pytest.mark.parametrize("zone", CHANGES)
def test_a_range_of_the_local_clock_holds_what_the_clock_showed(
    count: Callable[[Query], int], zone: str
) -> None:
    """From 02:30 of a night that has no 02:30 were counted only the entries from 03:30 on."""
    shown = [local(moment, zone) for moment in MOMENTS]
    for first in around(zone):
        last = first + timedelta(minutes=70)
        time = {"dimension": POSTED, "dateRange": [text(first), text(last)]}
        expected = sum(first <= moment <= last for moment in shown)
        assert count({"timeDimensions": [time], "timezone": zone}) == expected, (first, last)


@pytest.mark.parametrize("zone", CHANGES)
@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("beforeDate", lambda moment, value: moment < value),
        ("beforeOrOnDate", lambda moment, value: moment <= value),
        ("afterDate", lambda moment, value: moment > value),
        ("afterOrOnDate", lambda moment, value: moment >= value),
        ("equals", lambda moment, value: moment == value),
        ("notEquals", lambda moment, value: moment != value),
    ],
)
def test_a_moment_of_the_local_clock_is_compared_with_what_the_clock_showed(
    count: Callable[[Query], int], zone: str, operator: str, holds: Callable[..., bool]
) -> None:
    shown = [local(moment, zone) for moment in MOMENTS]
    for value in around(zone):
        filters = [{"member": POSTED, "operator": operator, "values": [text(value)]}]
        expected = sum(holds(moment, value) for moment in shown)
        assert count({"filters": filters, "timezone": zone}) == expected, value


@pytest.mark.parametrize(
    "query",
    [
        {"dimensions": ["transactions.hour_number"]},
        {"dimensions": ["transactions.day_part_name"]},
        {"filters": [{"member": "transactions.hour_number", "operator": "gt", "values": ["9"]}]},
    ],
)
def test_a_time_of_day_as_it_was_recorded_goes_with_no_time_zone(
    load: Callable[[Query], Any], refuse: Refuse, query: Query
) -> None:
    """The hour of Shanghai stood beside the hour of UTC, as if both were of one clock."""
    asked = {"measures": ["transactions.transaction_count"], **query}
    message = refuse({**asked, "timezone": "Asia/Shanghai"})
    assert "is the time of day as it was recorded" in message
    assert load(asked)["data"] == load({**asked, "timezone": "UTC"})["data"]
