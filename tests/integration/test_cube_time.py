"""Questions about time on a bank longer than a year: shifts, to date, rolling windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from sqlglot import exp
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published
from cube.compiler.model import load_model
from cube.server.app import create_app

DAY = "transactions.value_date"
BOOKED = "transactions.booking_date"
OPENED = "transactions.opened_date"
MONTH_END = "balances.month_end_date"
MATURITY = "balances.maturity_date"
END_BALANCE = "balances.deposit_end_balance"
YEAR_BEFORE = [f"balances.{kind}_end_balance_year_before" for kind in ("deposit", "lending")]
AMOUNT = "transactions.amount"
"""Members as the model names them."""

FEBRUARY = ["2024-02-01", "2024-02-29"]
Query = dict[str, Any]
Row = tuple[Any, ...]
Ask = Callable[[Query], list[Row]]


@pytest.fixture(scope="module")
def send(second_bank: Settings) -> Iterator[Callable[[Query], Any]]:
    """Status and body of the answer to a query."""
    app = create_app(second_bank)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as http:
        yield lambda query: http.post("/cubejs-api/v1/load", json={"query": query})


@pytest.fixture(scope="module")
def ask(send: Callable[[Query], Any]) -> Ask:
    """Rows: columns as text, then measures as numbers."""

    def rows(query: Query) -> list[Row]:
        reply = send(query)
        assert reply.status_code == 200, (query, reply.text)
        measures = query["measures"]
        columns = [*query.get("dimensions", ())]
        columns += [
            f"{t['dimension']}.{t['granularity']}"
            for t in query.get("timeDimensions", ())
            if "granularity" in t
        ]
        return [
            tuple(row[name] and row[name][:10] for name in columns)
            + tuple(None if row[name] is None else Decimal(row[name]) for name in measures)
            for row in reply.json()["data"]
        ]

    return rows


def time(member: str, granularity: str | None, *dates: str) -> Query:
    cut = {"granularity": granularity} if granularity else {}
    return {"dimension": member, **cut, **({"dateRange": list(dates)} if dates else {})}


def only(member: str, operator: str, *values: str) -> list[Query]:
    return [{"member": member, "operator": operator, "values": list(values)}]


def value(ask: Ask, measure: str, shown: Query, filters: list[Query] | None = None) -> Decimal:
    query = {"measures": [measure], "timeDimensions": [shown], "filters": filters or []}
    ((*_, found),) = ask(query)
    assert isinstance(found, Decimal)
    return found


@pytest.mark.parametrize(
    ("measure", "shown", "filters", "expected"),
    [
        (
            f"{AMOUNT}_month_before",
            time(DAY, "month", *FEBRUARY),
            only(OPENED, "beforeDate", "2023-06-15"),
            "3037393.99",
        ),
        (f"{AMOUNT}_month_before", time(DAY, "day", "2023-02-28", "2023-02-28"), [], "15675.18"),
        (
            f"{AMOUNT}_year_to_date",
            time(DAY, "fiscal_year", "2023-04-01", "2024-03-31"),
            [],
            "7803175.35",
        ),
        (
            f"{AMOUNT}_year_to_date",
            time(DAY, "week", "2022-12-26", "2023-01-01"),
            [],
            "17678.26",
        ),
        (f"{AMOUNT}_3_months", time(DAY, "month", "2024-01-01", "2024-01-31"), [], "10872043.14"),
    ],
)
def test_a_figure_of_time_is_that_of_the_entries(
    ask: Ask, measure: str, shown: Query, filters: list[Query], expected: str
) -> None:
    assert value(ask, measure, shown, filters) == Decimal(expected)


@pytest.mark.parametrize(
    "filters",
    [
        [],
        only(OPENED, "afterOrOnDate", "2020-03-01"),
        only(BOOKED, "notInDateRange", "2023-12-10", "2024-02-05"),
    ],
)
@pytest.mark.parametrize(("unit", "length"), [("month", 1), ("year", 12)])
def test_a_shift_equals_the_earlier_period(
    ask: Ask, unit: str, length: int, filters: list[Query]
) -> None:
    shown = {"timeDimensions": [time(DAY, "month")], "filters": filters}
    plain: dict[str, Decimal] = dict(ask({"measures": [AMOUNT], **shown}))
    moved: dict[str, Decimal] = dict(ask({"measures": [f"{AMOUNT}_{unit}_before"], **shown}))
    later = relativedelta(months=length)
    assert len(plain) > 12
    assert moved == {
        (date.fromisoformat(month) + later).isoformat(): amount for month, amount in plain.items()
    }


@pytest.mark.parametrize("measure", [f"{AMOUNT}_3_months", f"{AMOUNT}_year_to_date"])
@pytest.mark.parametrize(
    "others",
    [
        {"filters": only("transactions.year_number", "equals", "2024")},
        {"filters": only("transactions.date", "afterOrOnDate", "2024-01-01")},
        {"filters": only(DAY, "afterOrOnDate", "2024-01-01")},
        {"filters": only(BOOKED, "afterOrOnDate", "2024-01-01")},
        {"filters": [{"or": only(DAY, "set") + only("transactions.channel_code", "set")}]},
        {"dimensions": ["transactions.year_number"]},
    ],
)
def test_a_rolling_window_refuses_another_word_on_time(
    send: Callable[[Query], Any], measure: str, others: Query
) -> None:
    shown = [time(DAY, "month", "2024-01-01", "2024-01-31")]
    reply = send({"measures": [measure], "timeDimensions": shown, **others})
    assert reply.status_code == 400
    assert "reaches beyond its dateRange, so 'transactions." in reply.json()["error"]


@pytest.mark.parametrize(
    ("shown", "filters", "expected"),
    [
        (
            time(MONTH_END, "month", "2024-01-01", "2024-01-31"),
            only(MATURITY, "beforeDate", "2026-01-15"),
            "596840.92",
        ),
        (time(MONTH_END, "day", *FEBRUARY), [], "6375329.43"),
    ],
)
def test_a_balance_of_the_year_before_is_that_of_its_month_end(
    ask: Ask, shown: Query, filters: list[Query], expected: str
) -> None:
    """Of deposits and loans together: the figures of the controller were made so."""
    query = {"measures": YEAR_BEFORE, "timeDimensions": [shown], "filters": filters}
    ((*_, deposits, lending),) = ask(query)
    assert (deposits or 0) + (lending or 0) == Decimal(expected)


def test_a_rolling_window_takes_filters_on_dates_that_describe_the_rows(ask: Ask) -> None:
    shown = time(DAY, "month", "2024-01-01", "2024-01-31")
    quarter = time(DAY, None, "2023-11-01", "2024-01-31")
    older = only(OPENED, "beforeDate", "2023-06-15")
    rolled = value(ask, f"{AMOUNT}_3_months", shown, older)
    assert rolled == value(ask, AMOUNT, quarter, older) < value(ask, AMOUNT, quarter)
    same = time(DAY, "month", "2024-01-01", "2024-01-31")
    again = only(DAY, "inDateRange", "2024-01-01", "2024-01-31")
    assert value(ask, f"{AMOUNT}_3_months", same, again) == Decimal("10872043.14")


def test_month_ends_stand_beside_month_ends(ask: Ask) -> None:
    """29 February 2024 beside 28 February 2023, and no row of 28 February 2024."""
    rows = ask({"measures": [END_BALANCE], "dimensions": [MONTH_END]})
    moved = ask({"measures": [f"{END_BALANCE}_year_before"], "dimensions": [MONTH_END]})
    day_after = relativedelta(days=1)
    a_year_later = {
        date.fromisoformat(day) + day_after + relativedelta(years=1) - day_after: amount
        for day, amount in rows
    }
    assert {date.fromisoformat(day): amount for day, amount in moved} == a_year_later
    assert date(2024, 2, 29) in a_year_later


@pytest.fixture(params=["kept_sample", "second_bank"])
def published(request: pytest.FixtureRequest) -> Settings:
    """Either kept bank."""
    settings: Settings = request.getfixturevalue(request.param)
    return settings


def test_the_calendar_has_every_day_that_a_fact_refers_to(published: Settings) -> None:
    """Instalments may have been due years before the first business date."""
    model = load_model()
    joins = [
        (cube.definition.sql_table, edge.condition)
        for cube in model.cubes.values()
        for name, edge in cube.joins.items()
        if name in ("calendar", "booking_calendar")
    ]
    assert len(joins) > 15
    with open_published(published) as connection:
        for table, condition in joins:
            (column,) = (c.name for c in condition.find_all(exp.Column) if c.name != "date_key")
            unknown = (
                f"select count(*) from {table} as fact "
                f"anti join marts.dim_date on fact.{column} = dim_date.date_key"
            )
            assert connection.execute(unknown).fetchone() == (0,), (table, column)


def test_instalments_of_before_the_first_business_date_have_their_year(
    kept_sample: Settings,
) -> None:
    """The calendar began in 2024: 50 instalments were of no year, and filters on it lost them."""
    query = {
        "measures": ["repayments.instalment_count", "repayments.overdue_amount"],
        "filters": only("repayments.date", "beforeDate", "2024-01-01"),
    }
    with TestClient(create_app(kept_sample), base_url="http://127.0.0.1") as http:
        (row,) = http.post("/cubejs-api/v1/load", json={"query": query}).json()["data"]
        by_year = {**query, "dimensions": ["repayments.year_number"]}
        rows = http.post("/cubejs-api/v1/load", json={"query": by_year}).json()["data"]
    assert list(row.values()) == ["50", "85159.22"]
    assert {row["repayments.year_number"] for row in rows} == {"2022", "2023"}
