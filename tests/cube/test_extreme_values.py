"""The first and last day of the calendar and very long numbers: an answer or a 400, never a 500."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.server.app import create_app
from cube.wire.translate.date_range import find_date_range

DAY = "transactions.value_date"
MOMENT = "transactions.booked_at"
OTHER = "transactions.maturity_date"
AMOUNT = "transactions.amount"
MEASURES = [
    "transactions.transaction_count",
    AMOUNT,
    "transactions.amount_3_months",
    "transactions.customers_3_months",
    "transactions.amount_year_to_date",
    "transactions.amount_month_before",
    "transactions.amount_year_before",
]
DATES = ["0001-01-01", "0001-01-02", "0001-12-31", "2024-02-29", "9998-12-31", "9999-01-01"]
DATES += ["9999-12-30", "9999-12-31"]
MOMENTS = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z"]
OPERATORS = ["beforeDate", "beforeOrOnDate", "afterDate", "afterOrOnDate", "equals", "notEquals"]
OPERATORS += ["inDateRange", "notInDateRange", "onTheDate"]
UNITS = [None, "second", "day", "week", "month", "quarter", "year", "fiscal_year", "fiscal_half"]
ZONES = ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"]
Load = Callable[..., dict[str, Any]]
Refuse = Callable[..., str]


def random_query(pick: random.Random) -> dict[str, Any]:
    first, last = sorted(pick.choices(DATES, k=2))
    ranges = [[first, last], first, f"from {first} to {last}", pick.choices(MOMENTS, k=1)]
    time: dict[str, Any] = {"dimension": pick.choice([DAY, MOMENT, OTHER])}
    time["dateRange"] = pick.choice(ranges)
    if unit := pick.choice(UNITS):
        time["granularity"] = unit
    member = pick.choice([DAY, MOMENT, OTHER])
    filters = [
        {"member": member, "operator": pick.choice(OPERATORS), "values": [pick.choice(values)]}
        for values in pick.choices([DATES, MOMENTS], k=pick.choice([0, 0, 1]))
    ]
    return {
        "measures": [pick.choice(MEASURES)],
        "timeDimensions": [time],
        "filters": filters,
        "timezone": pick.choice(ZONES),
    }


def test_a_date_at_an_end_of_the_calendar_never_breaks_the_server(published: Settings) -> None:
    seed = 20261130
    pick = random.Random(seed)
    found: dict[int, int] = {}
    app = create_app(published)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as http:
        for _ in range(300):
            query = random_query(pick)
            answer = http.post("/cubejs-api/v1/load", json={"query": query})
            found[answer.status_code] = found.get(answer.status_code, 0) + 1
            assert answer.status_code in (200, 400), f"seed {seed}: {json.dumps(query)}"
    assert found[200] > 100 and found[400] > 20, found


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("member", [DAY, MOMENT])
def test_the_ends_of_the_calendar_are_open_ends(load: Load, member: str, zone: str) -> None:
    whole = load({"measures": [AMOUNT], "timezone": zone})["data"]
    dates = ["0001-01-01", "9999-12-31"]
    time = [{"dimension": member, "dateRange": dates}]
    assert load({"measures": [AMOUNT], "timeDimensions": time, "timezone": zone})["data"] == whole
    for operator, date in zip(("afterOrOnDate", "beforeOrOnDate"), dates, strict=True):
        filters = [{"member": member, "operator": operator, "values": [date]}]
        query = {"measures": [AMOUNT], "filters": filters, "timezone": zone}
        assert load(query)["data"] == whole


def test_a_window_and_a_rollup_reach_to_the_last_day(load: Load) -> None:
    def rows(last: str, measure: str, **others: str) -> list[dict[str, Any]]:
        time = {"dimension": DAY, "dateRange": ["2024-01-01", last], **others}
        found: list[dict[str, Any]] = load({"measures": [measure], "timeDimensions": [time]})[
            "data"
        ]
        return found

    near = rows("2024-12-31", AMOUNT, granularity="month")
    assert rows("9999-12-31", AMOUNT, granularity="month") == near != []
    assert rows("9999-12-31", "transactions.amount_3_months") == [
        {"transactions.amount_3_months": None}
    ]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (
            {"measures": [AMOUNT], "timeDimensions": [
                {"dimension": MOMENT, "dateRange": MOMENTS[:1]}
            ], "timezone": "America/New_York"},
            "is not a date",
        ),
        (
            {"measures": ["transactions.amount_3_months"], "timeDimensions": [
                {"dimension": DAY, "granularity": "month", "dateRange": ["0001-01-01"] * 2}
            ]},
            "would begin before the year 1",
        ),
    ],
)  # fmt: skip
def test_what_lies_beyond_the_calendar_is_refused(
    refuse: Refuse, query: dict[str, Any], problem: str
) -> None:
    assert problem in refuse(query)


@pytest.mark.parametrize("name", ["amount", "hour_number", "customer_key"])
@pytest.mark.parametrize("operator", ["gt", "lte", "equals", "in", "notEquals"])
def test_a_number_has_room_beside_its_column_or_is_refused(
    load: Load, refuse: Refuse, name: str, operator: str
) -> None:
    def query(value: str) -> dict[str, Any]:
        filters = [{"member": f"transactions.{name}", "operator": operator, "values": [value]}]
        return {"measures": [AMOUNT], "filters": filters}

    for value in ("9" * 28, "-" + "9" * 28, "0." + "3" * 18, "1" * 20 + "." + "1" * 18):
        load(query(value))
    for value in ("9" * 37, "9" * 29, "-" + "9" * 37, "1." + "0" * 36, "0." + "1" * 37):
        assert "out of range" in refuse(query(value))


def test_a_statement_that_ends_before_the_year_1_leaves_no_range() -> None:
    filters: list[dict[str, object]] = [
        {"member": DAY, "operator": "afterOrOnDate", "values": ["0001-01-01"]},
        {"member": DAY, "operator": "beforeDate", "values": ["0001-01-01"]},
    ]
    assert find_date_range(filters, DAY) is None
