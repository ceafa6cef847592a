"""Date ranges: relative ones count from the business date, ends belong to the range."""

from __future__ import annotations

from datetime import date

import pytest

from cube.errors import QueryError
from cube.query.dates import format_moment, parse_moment, parse_range

TODAY = date(2024, 3, 31)  # a Sunday, the last day of a month and of a quarter


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("today", "2024-03-31", "2024-03-31"),
        ("yesterday", "2024-03-30", "2024-03-30"),
        ("tomorrow", "2024-04-01", "2024-04-01"),
        ("this week", "2024-03-25", "2024-03-31"),
        ("last week", "2024-03-18", "2024-03-24"),
        ("next week", "2024-04-01", "2024-04-07"),
        ("this month", "2024-03-01", "2024-03-31"),
        ("last month", "2024-02-01", "2024-02-29"),
        ("next month", "2024-04-01", "2024-04-30"),
        ("this quarter", "2024-01-01", "2024-03-31"),
        ("last quarter", "2023-10-01", "2023-12-31"),
        ("next quarter", "2024-04-01", "2024-06-30"),
        ("this year", "2024-01-01", "2024-12-31"),
        ("last year", "2023-01-01", "2023-12-31"),
        ("last 7 days", "2024-03-24", "2024-03-30"),
        ("last 3 months", "2023-12-01", "2024-02-29"),
        ("last 2 weeks", "2024-03-11", "2024-03-24"),
        ("last 1 quarter", "2023-10-01", "2023-12-31"),
        ("next 2 years", "2025-01-01", "2026-12-31"),
        ("Last  Month", "2024-02-01", "2024-02-29"),
        ("from 7 days ago to now", "2024-03-24", "2024-03-31"),
        ("from yesterday to 2 days from now", "2024-03-30", "2024-04-02"),
        ("from 2024-01-05 to today", "2024-01-05", "2024-03-31"),
        ("2024-02-10", "2024-02-10", "2024-02-10"),
    ],
)
def test_a_range_in_words_has_whole_days(text: str, start: str, end: str) -> None:
    first, last = parse_range(text, TODAY)
    assert format_moment(first) == f"{start}T00:00:00.000"
    assert format_moment(last) == f"{end}T23:59:59.999"


def test_hours_count_from_the_end_of_the_business_date() -> None:
    first, last = parse_range("last 2 hours", TODAY)
    assert format_moment(first) == "2024-03-31T21:00:00.000"
    assert format_moment(last) == "2024-03-31T22:59:59.999"


def test_a_pair_may_hold_moments_and_a_single_date_is_its_day() -> None:
    first, last = parse_range(["2024-01-05T10:30:00.000", "2024-01-05T11:00:00"], TODAY)
    assert (format_moment(first), format_moment(last)) == (
        "2024-01-05T10:30:00.000",
        "2024-01-05T11:00:00.000",
    )
    assert parse_range(["2024-01-05"], TODAY) == parse_range(["2024-01-05"] * 2, TODAY)


def test_the_last_millisecond_of_a_day_holds_all_its_microseconds() -> None:
    assert parse_moment("2024-01-05T23:59:59.999", end=True) == parse_moment("2024-01-05", end=True)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "last",
        "soon",
        "last 0 days",
        "last 99999 years",
        "2024-02-30",
        "2024-13-01",
        "last month or so",
        "from then to now",
        "\uff12\uff10\uff12\uff14-01-01",
        ["2024-01-31", "2024-01-01"],
        ["last month"],
        ["2024-1-1"],
        ["2024-01-01T25:00:00"],
        ["2024-01-01T10:00:00+02:00"],
    ],
)
def test_what_is_no_range_is_refused(value: str | list[str]) -> None:
    with pytest.raises(QueryError):
        parse_range(value, TODAY)
