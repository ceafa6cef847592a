"""What a time shift moves, and what it stands beside: hand-written figures of the tiny bank."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from cube.errors import QueryError

Ask = Callable[[dict[str, Any]], list[tuple[Any, ...]]]
VIEW = "entries_of_accounts"
DAY, POSTED, OPENED = f"{VIEW}.entry_date", f"{VIEW}.posted_at", f"{VIEW}.opened_date"
FEBRUARY = ("2024-02-01", "2024-02-29")


def before(unit: str, *times: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"measures": [f"{VIEW}.amount_{unit}_before"], "timeDimensions": [*times], **others}


def time(member: str, granularity: str | None, *dates: str) -> dict[str, Any]:
    cut = {"granularity": granularity} if granularity else {}
    return {"dimension": member, **cut, **({"dateRange": list(dates)} if dates else {})}


def filters(member: str, operator: str, *values: str) -> list[dict[str, Any]]:
    return [{"member": member, "operator": operator, "values": list(values)}]


MARCH = time(DAY, "month", "2024-03-01", "2024-03-31")


def test_a_filter_on_a_date_that_describes_the_rows_stays_where_it_is(ask_tiny: Ask) -> None:
    """The account of 1,024 was opened on 20 January, the one of 2,048 on 10 February."""
    older = filters(OPENED, "beforeDate", "2024-02-01")
    assert ask_tiny(before("month", MARCH, filters=older)) == [("2024-03-01T00:00:00", 1024)]
    early = filters(OPENED, "inDateRange", "2024-02-01", "2024-02-29")
    assert ask_tiny(before("month", MARCH, filters=early)) == [("2024-03-01T00:00:00", 2048)]


def test_a_group_by_a_date_that_describes_the_rows_stays_where_it_is(ask_tiny: Ask) -> None:
    assert ask_tiny(before("month", MARCH, time(OPENED, "month"))) == [
        ("2024-03-01T00:00:00", "2024-01-01T00:00:00", 1024),
        ("2024-03-01T00:00:00", "2024-02-01T00:00:00", 2048),
    ]
    raw = before("month", MARCH, dimensions=[OPENED], order=[[OPENED, "asc"]])
    assert [str(row[0])[:10] for row in ask_tiny(raw)] == ["2024-01-20", "2024-02-10"]


def test_another_time_of_the_fact_that_only_filters_stays_where_it_is(ask_tiny: Ask) -> None:
    early = filters(POSTED, "beforeDate", "2024-02-10")
    assert ask_tiny(before("month", MARCH, filters=early)) == [("2024-03-01T00:00:00", 1024)]


def test_a_filter_on_the_time_that_is_shown_moves_with_it(ask_tiny: Ask) -> None:
    late = filters(DAY, "afterDate", "2024-03-15")
    assert ask_tiny(before("month", time(DAY, "month"), filters=late))[0] == (
        "2024-03-01T00:00:00",
        Decimal(2048),
    )


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (before("month", time(OPENED, "month")), "needs a time dimension in the query"),
        (before("month", time(DAY, "month"), time(POSTED, "month")), "moves one time, and .* asks"),
        (
            before("month", filters=filters(DAY, "set") + filters(POSTED, "set")),
            "asks for '.*entry_date' and '.*posted_at'",
        ),
    ],
)
def test_what_a_shift_cannot_place_is_refused_by_name(
    ask_tiny: Ask, query: dict[str, Any], problem: str
) -> None:
    with pytest.raises(QueryError, match=problem):
        ask_tiny(query)


@pytest.mark.parametrize(
    ("unit", "day", "amount"),
    [
        ("year", "2024-02-29", 256),  # 28 February 2023, the last of its month
        ("year", "2024-02-28", None),
        ("year", "2025-02-28", 2048),
        ("month", "2024-02-29", 512),  # 31 January
        ("month", "2024-02-28", None),
        ("month", "2024-03-31", 2048),
        ("month", "2024-03-29", None),
        ("month", "2024-03-01", 1024),
    ],
)
def test_of_days_the_last_of_a_month_stands_beside_the_last_of_the_other(
    ask_tiny: Ask, unit: str, day: str, amount: int | None
) -> None:
    rows = [] if amount is None else [amount]
    for shown in (time(DAY, "day", day, day), time(POSTED, "day", day, day)):
        assert [row[1] for row in ask_tiny(before(unit, shown))] == rows
    assert ask_tiny(before(unit, time(DAY, None, day, day))) == [(amount,)]
    raw = before(unit, dimensions=[DAY], filters=filters(DAY, "equals", day))
    assert [(str(row[0])[:10], row[1]) for row in ask_tiny(raw)] == [(day, r) for r in rows]


def test_the_last_of_february_appears_once_beside_all_days(ask_tiny: Ask) -> None:
    shown = ask_tiny(before("year", time(DAY, "day")))
    assert [row[0][:10] for row in shown if row[0] < "2025"] == ["2024-02-29"]


@pytest.mark.parametrize(
    ("unit", "first", "last", "amount"),
    [
        ("year", "2024-02-01", "2024-02-28", 256),  # 1 to 28 February 2023
        ("year", "2024-02-01", "2024-02-29", 256),
        ("year", "2024-02-10", "2024-03-10", 256),
        ("year", "2024-02-29", "2024-03-10", 256),
        ("year", "2025-02-01", "2025-02-28", 3072),
        ("month", "2024-03-01", "2024-03-29", 3072),  # 1 to 29 February, the whole month
        ("month", "2024-03-01", "2024-03-28", 1024),
        ("month", "2024-02-01", "2024-02-29", 512),
    ],
)
def test_a_period_stands_beside_the_period_between_its_ends(
    ask_tiny: Ask, unit: str, first: str, last: str, amount: int
) -> None:
    assert ask_tiny(before(unit, time(DAY, None, first, last))) == [(amount,)]
    within = filters(DAY, "afterOrOnDate", first) + filters(DAY, "beforeOrOnDate", last)
    assert ask_tiny(before(unit, filters=within)) == [(amount,)]


def test_a_month_is_moved_on_the_local_clock(ask_tiny: Ask) -> None:
    """1 April 00:00 in Prague is 31 March 22:00 UTC: in April and May the clock is the same."""
    april = time(POSTED, "month", "2024-04-01", "2024-04-30")
    may = time(POSTED, "month", "2024-05-01", "2024-05-31")
    prague = {"timezone": "Europe/Prague"}
    assert ask_tiny(before("month", april, **prague)) == [("2024-04-01T00:00:00", 7)]
    assert ask_tiny(before("month", may, **prague)) == [("2024-05-01T00:00:00", 8)]
    october = time(POSTED, "day", "2024-11-27", "2024-11-27")
    assert ask_tiny(before("month", october, **prague)) == [("2024-11-27T00:00:00", 112)]
