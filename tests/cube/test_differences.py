"""Where we differ from a stock Cube on purpose (docs/cubes.md): each against hand-written figures.

Older ones are tested elsewhere: relative dates and order in test_query.py, bare dates and wildcards
in test_filters.py, balances in test_balances.py, calendar days in test_traps.py.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from cube.errors import QueryError

Ask = Callable[[dict[str, Any]], list[tuple[Any, ...]]]
DAY = "entries_of_accounts.entry_date"


def entries(*names: str) -> list[str]:
    return [f"entries_of_accounts.{name}" for name in names]


def by_time(granularity: str | None, *dates: str) -> list[dict[str, Any]]:
    time: dict[str, Any] = {"dimension": DAY}
    time |= {"granularity": granularity} if granularity else {}
    return [time | ({"dateRange": list(dates)} if dates else {})]


def test_a_period_without_an_earlier_one_stays_with_an_empty_value(ask_tiny: Ask) -> None:
    time = by_time("month", "2024-01-01", "2024-03-31")
    query = {"measures": entries("amount", "amount_month_before"), "timeDimensions": time}
    assert ask_tiny(query) == [
        ("2024-01-01T00:00:00", Decimal(512), None),
        ("2024-02-01T00:00:00", Decimal(3072), Decimal(512)),
        ("2024-03-01T00:00:00", Decimal(15), Decimal(3072)),
    ]


def test_month_to_date_by_week_counts_from_the_first_of_the_month(ask_tiny: Ask) -> None:
    """1 February lies in the week of 29 January, which a stock Cube takes for January."""
    time = by_time("week", "2024-02-05", "2024-02-11")
    query = {"measures": entries("amount_to_date"), "timeDimensions": time}
    assert ask_tiny(query) == [("2024-02-05T00:00:00", Decimal(1024))]


@pytest.mark.parametrize(
    ("granularity", "dates", "expected"),
    [
        ("week", ("2024-01-29", "2024-02-04"), ("2024-01-29T00:00:00", Decimal(1024))),
        ("quarter", ("2024-01-01", "2024-03-31"), ("2024-01-01T00:00:00", Decimal(15))),
        ("fiscal_year", ("2023-04-01", "2024-03-31"), ("2023-04-01T00:00:00", Decimal(15))),
        ("from_the_15th", ("2024-01-15", "2024-02-14"), ("2024-01-15T00:00:00", Decimal(1024))),
        (None, ("2023-02-01", "2024-02-15"), (Decimal(1024),)),
        ("month", ("2024-02-01", "2024-02-29"), ("2024-02-01T00:00:00", Decimal(3072))),
    ],
)
def test_to_date_counts_from_the_start_of_the_month_that_a_period_ends_in(
    ask_tiny: Ask, granularity: str | None, dates: tuple[str, str], expected: tuple[Any, ...]
) -> None:
    query = {"measures": entries("amount_to_date"), "timeDimensions": by_time(granularity, *dates)}
    assert ask_tiny(query) == [expected]


def test_a_window_without_entries_counts_none(ask_tiny: Ask) -> None:
    time = by_time("month", "2024-05-01", "2024-05-31")
    query = {"measures": entries("users_month", "amount_month"), "timeDimensions": time}
    assert ask_tiny(query) == [("2024-05-01T00:00:00", 0, None)]


def test_a_window_of_groups_shows_a_group_only_where_it_has_entries(ask_tiny: Ask) -> None:
    time = by_time("month", "2024-01-01", "2024-03-31")
    query = {"measures": entries("amount_month"), "timeDimensions": time}
    rows = ask_tiny(query | {"dimensions": entries("branch")})
    assert (None, "2024-01-01T00:00:00") not in {row[:2] for row in rows}
    assert [row[2] for row in rows] == [512, 2048, 1024, 11, 4]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"measures": entries("amount_month")}, "needs one time dimension with a dateRange"),
        (
            {"measures": entries("amount_month"), "timeDimensions": by_time("month")},
            "needs a dateRange",
        ),
        ({"measures": entries("amount_year_before")}, "needs a time dimension in the query"),
        (
            {"measures": entries("amount"), "ungrouped": True, "filters": [
                {"member": entries("amount")[0], "operator": "gt", "values": ["1"]}
            ]},
            "has no groups",
        ),
        ({"measures": entries("share"), "ungrouped": True}, "takes measures of one fact"),
        (
            {"measures": ["side_by_side.minutes"], "dimensions": ["side_by_side.branch"]},
            "'side_by_side.branch' does not describe the rows that 'side_by_side.minutes' counts",
        ),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_where_a_stock_cube_answers_something(
    ask_tiny: Ask, query: dict[str, Any], expected: str
) -> None:
    with pytest.raises(QueryError, match=expected):
        ask_tiny(query)


def test_shares_and_ranks_know_the_members_of_a_view(ask_tiny: Ask) -> None:
    measures = entries("amount", "amount_of_branches", "share", "amount_rank")
    rows = ask_tiny({"measures": measures, "dimensions": entries("branch")})
    assert [row[:3] for row in rows] == [("A", 3067, 4095), ("B", 1028, 4095)]
    assert [row[3] for row in rows] == [pytest.approx(3067 / 4095), pytest.approx(1028 / 4095)]
    assert [row[4] for row in rows] == [1, 2]


def test_a_filter_on_a_measure_hides_rows_and_changes_no_share(ask_tiny: Ask) -> None:
    small = {"member": entries("amount")[0], "operator": "lt", "values": ["2000"]}
    query = {"measures": entries("share"), "dimensions": entries("branch"), "filters": [small]}
    assert ask_tiny(query) == [("B", pytest.approx(1028 / 4095))]
    first = {"member": entries("amount_rank")[0], "operator": "equals", "values": ["1"]}
    assert ask_tiny(query | {"filters": [first]}) == [("A", pytest.approx(3067 / 4095))]


def test_a_mean_of_accounts_is_taken_at_the_grain_of_accounts(ask_tiny: Ask) -> None:
    measures = entries("mean_of_accounts", "amount")
    query = {"measures": measures, "dimensions": entries("branch")}
    rows = {row[0]: row[1:] for row in ask_tiny(query)}
    assert rows == {"A": (pytest.approx(3067 / 3), 3067), "B": (1028, 1028)}


def test_a_month_from_the_15th_ends_on_the_14th(ask_tiny: Ask) -> None:
    time = by_time("from_the_15th", "2024-01-01", "2024-02-29")
    query = {"measures": entries("amount"), "timeDimensions": time}
    assert ask_tiny(query) == [
        ("2024-01-15T00:00:00", Decimal(1536)),
        ("2024-02-15T00:00:00", Decimal(2048)),
    ]


def test_a_fiscal_year_starts_in_april(ask_tiny: Ask) -> None:
    query = {"measures": entries("entries"), "timeDimensions": by_time("fiscal_year")}
    assert ask_tiny(query) == [
        ("2022-04-01T00:00:00", 1),
        ("2023-04-01T00:00:00", 7),
        ("2024-04-01T00:00:00", 4),
    ]
