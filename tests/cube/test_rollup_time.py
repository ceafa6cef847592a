"""Periods of rollups against any filter, period, window and shift: rows equal those of the fact."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bankcrm.warehouse.rollup_states import RollupState, States
from cube.compiler.model import Model, load_model
from cube.errors import QueryError
from cube.planner.plan import Plan
from cube.planner.planner import plan_query
from cube.planner.rollup_matching import choose_rollups
from cube.planner.sql import write_statement
from cube.query.query import parse_query
from cube.rollups.build import fill_rollup, judge_rollup, list_rollups
from cube.security.access import grant_all

MODEL = """
cubes:
  - name: entry
    sql_table: marts.entry
    public: false
    access_policy: [{group: admin, row_level: {allow_all: true}}]
    joins:
      - {name: branch, relationship: many_to_one, sql: "{CUBE}.branch_key = {branch}.branch_key"}
    dimensions:
      - {name: entry_key, sql: entry_key, type: number, primary_key: true}
      - name: day
        sql: entry_date
        type: time
        meta: {precision: day}
        granularities:
          - {name: fiscal_year, interval: 1 year, offset: 3 months}
          - {name: odd_year, interval: 1 year, offset: 40 days}
          - {name: half, interval: 6 months, origin: "2000-04-01"}
          - {name: from_the_15th, interval: 1 month, origin: "2024-01-15"}
          - {name: fortnight, interval: 2 weeks, origin: "2024-01-01"}
          - {name: two_months, interval: 2 months}
      - {name: side, sql: side, type: string}
    segments:
      - {name: large, sql: "{CUBE}.amount > 50"}
      - {name: northern, sql: "{branch.region} = 'North'"}
    measures:
      - {name: entries, type: count}
      - {name: amount, sql: amount, type: sum}
      - {name: smallest, sql: amount, type: min}
      - {name: users, sql: user_key, type: count_distinct}
      - {name: known, sql: user_key, type: count}
      - {name: mean, sql: "{amount} / NULLIF({entries}, 0)", type: number}
      - {name: debits, sql: amount, type: sum, filters: [{sql: "{CUBE}.side = 'D'"}]}
      - {name: north, sql: amount, type: sum, filters: [{sql: "{branch.region} = 'North'"}]}
      - {name: months_3, sql: amount, type: sum, rolling_window: {trailing: 3 month}}
      - {name: days_10, sql: amount, type: sum, rolling_window: {trailing: 10 day}}
      - {name: year_to_date, type: count, rolling_window: {type: to_date, granularity: year}}
      - {name: month_to_date, type: count, rolling_window: {type: to_date, granularity: month}}
      - name: year_before
        sql: "{amount}"
        type: number
        multi_stage: true
        time_shift: [{interval: 1 year, type: prior}]
      - name: month_before
        sql: "{entries}"
        type: number
        multi_stage: true
        time_shift: [{interval: 1 month, type: prior}]
      - name: week_before
        sql: "{amount}"
        type: number
        multi_stage: true
        time_shift: [{interval: 1 week, type: prior}]
    pre_aggregations:
      - name: by_day
        type: rollup
        measures: [amount, smallest, known, users]
        dimensions: [branch.branch_key, side]
        segments: [large]
        time_dimension: day
        granularity: day
        partition_granularity: quarter
      - name: by_month
        type: rollup
        measures: [amount, smallest, known, users]
        dimensions: [branch.branch_key, side]
        segments: [large]
        time_dimension: day
        granularity: month
        partition_granularity: quarter
      - name: by_quarter
        type: rollup
        measures: [amount, smallest, known, users]
        dimensions: [branch.branch_key, side]
        segments: [large]
        time_dimension: day
        granularity: quarter
        partition_granularity: quarter
      - name: by_year
        type: rollup
        measures: [amount, smallest, known, users]
        dimensions: [branch.branch_key, side]
        segments: [large]
        time_dimension: day
        granularity: year
        partition_granularity: year
      - name: exact
        type: rollup
        measures: [amount, smallest, known, users]
        dimensions: [side]
        segments: []
        time_dimension: day
        granularity: month
        partition_granularity: quarter
  - name: branch
    sql_table: marts.branch
    public: false
    dimensions:
      - {name: branch_key, sql: branch_key, type: number, primary_key: true}
      - {name: region, sql: region, type: string}
views:
  - name: entries
    access_policy: [{group: admin}]
    cubes:
      - {join_path: entry, includes: "*"}
      - {join_path: entry.branch, includes: [region]}
"""
UNITS = ["day", "week", "month", "quarter", "year", "fiscal_year", "odd_year", "half"]
UNITS += ["from_the_15th", "fortnight", "two_months"]
MEASURES = [
    "entries",
    "amount",
    "smallest",
    "users",
    "known",
    "mean",
    "debits",
    "north",
    "months_3",
]
MEASURES += ["days_10", "year_to_date", "month_to_date", "year_before", "month_before"]
MEASURES += ["week_before"]
MOMENTS = ["beforeDate", "beforeOrOnDate", "afterDate", "afterOrOnDate", "onTheDate"]
ROLLUPS = ["by_day", "by_month", "by_quarter", "by_year", "exact"]


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any]:
    """A query about one fact; dates are edges of periods, or the days beside them."""
    day = st.builds(
        lambda months, beside: date(2023 + months // 12, months % 12 + 1, 1) + beside,
        st.sampled_from([0, 1, 3, 11, 12, 12, 13, 15, 24, 24, 27]),
        st.sampled_from([timedelta(days=days) for days in (0, 0, 0, -1, -1, -1, 1, 14)]),
    )
    first, last = sorted([draw(day), draw(day)])
    time: dict[str, Any] = {"dimension": "entries.day"}
    if draw(st.booleans()):
        time["granularity"] = draw(st.sampled_from([*UNITS, "month", "quarter", "year", "year"]))
    if draw(st.booleans()) or "granularity" not in time:
        time["dateRange"] = [str(first), str(last)]
    filters: list[dict[str, Any]] = []
    if draw(st.integers(0, 3)) == 0:
        moment = {"member": "entries.day", "operator": draw(st.sampled_from(MOMENTS))}
        filters.append({**moment, "values": [str(draw(day))]})
    if draw(st.integers(0, 5)) == 0:
        filters.append(
            {"member": "entries.day", "operator": draw(st.sampled_from(["set", "notSet"]))}
        )
    some = st.lists(st.sampled_from(MEASURES), min_size=1, max_size=2, unique=True)
    return {
        "measures": [f"entries.{name}" for name in draw(some)],
        "dimensions": draw(
            st.lists(st.sampled_from(["entries.side", "entries.region"]), unique=True)
        ),
        "segments": draw(st.sampled_from([[], [], ["entries.large"], ["entries.northern"]])),
        "timeDimensions": [time],
        "filters": filters,
    }


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("model")
    (folder / "bank.yml").write_text(MODEL, encoding="utf-8")
    return load_model(folder)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Three years of entries; some have no date, branch, side or user, and one branch no region."""
    pick = random.Random(3)
    rows = [
        (
            number,
            date(2022, 6, 1) + timedelta(days=pick.randrange(1000)) if number % 40 else None,
            pick.choice([1, 2, 3, 9, None]),
            pick.choice(["D", "C", None]),
            pick.choice([*range(6), None]),
            pick.randrange(10_000) / 100,
        )
        for number in range(900)
    ]
    with duckdb.connect(config={"disabled_optimizers": "common_subplan"}) as opened:
        opened.execute("create schema marts; create schema rollup")
        opened.execute("create table marts.branch as select * from (values (1, 'North'), "
                       "(2, 'South'), (3, null)) rows(branch_key, region)")  # fmt: skip
        opened.execute(
            "create table marts.entry (entry_key int, entry_date date, branch_key int, "
            "side varchar, user_key int, amount decimal(18, 2))"
        )
        opened.executemany("insert into marts.entry values (?, ?, ?, ?, ?, ?)", rows)
        yield opened


@pytest.fixture(scope="module")
def states(model: Model, connection: duckdb.DuckDBPyConnection) -> dict[str, RollupState]:
    found = {}
    for rollup in list_rollups(model):
        fill_rollup(connection, rollup, None)
        found[rollup.name] = judge_rollup(connection, rollup)
    assert {state.state for state in found.values()} == {"ready"}
    assert found["entry.by_month"].fact_rows == 900
    return found


def plans(model: Model, query: dict[str, Any], states: States) -> tuple[Plan, Plan]:
    plan = plan_query(parse_query(query), model, date(2024, 10, 31), grant_all(model))
    return plan, choose_rollups(plan, model, states)


def fetch(connection: duckdb.DuckDBPyConnection, plan: Plan, model: Model) -> list[Any]:
    statement = write_statement(plan, model)
    return connection.execute(statement.sql, list(statement.parameters)).fetchall()


SEEN: set[str] = set()


@settings(
    max_examples=180, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(query=queries())
def test_whatever_a_query_does_with_time_every_rollup_answers_like_the_fact(
    model: Model,
    connection: duckdb.DuckDBPyConnection,
    states: dict[str, RollupState],
    query: dict[str, Any],
) -> None:
    expected = None
    for name in ROLLUPS:
        try:
            plan, served = plans(model, query, {f"entry.{name}": states[f"entry.{name}"]})
        except QueryError:
            return
        if served.rollups:
            SEEN.add(name)
            expected = expected or fetch(connection, plan, model)
            assert fetch(connection, served, model) == expected, name


def test_every_rollup_answered_some_of_them() -> None:
    assert set(ROLLUPS) == SEEN


def month_of(unit: str, **others: Any) -> dict[str, Any]:
    time = {"dimension": "entries.day", "granularity": unit, **others}
    return {"measures": ["entries.amount"], "timeDimensions": [time]}


@pytest.mark.parametrize(
    ("unit", "fitting"),
    [
        ("day", {"by_day"}),
        ("week", {"by_day"}),
        ("fortnight", {"by_day"}),
        ("from_the_15th", {"by_day"}),
        ("odd_year", {"by_day"}),
        ("month", {"by_day", "by_month", "exact"}),
        ("two_months", {"by_day", "by_month", "exact"}),
        ("quarter", {"by_day", "by_month", "by_quarter", "exact"}),
        ("half", {"by_day", "by_month", "by_quarter", "exact"}),
        ("fiscal_year", {"by_day", "by_month", "by_quarter", "exact"}),
        ("year", {"by_day", "by_month", "by_quarter", "by_year", "exact"}),
    ],
)
def test_a_period_comes_from_rollups_of_periods_that_it_is_made_of(
    model: Model, states: dict[str, RollupState], unit: str, fitting: set[str]
) -> None:
    found = {
        name
        for name in ROLLUPS
        if plans(model, month_of(unit), {f"entry.{name}": states[f"entry.{name}"]})[1].rollups
    }
    assert found == fitting


def test_a_distinct_count_is_read_only_where_a_group_is_a_row_of_the_rollup(
    model: Model, states: dict[str, RollupState], connection: duckdb.DuckDBPyConnection
) -> None:
    exact = {"entry.exact": states["entry.exact"]}
    query = {**month_of("month"), "measures": ["entries.users"], "dimensions": ["entries.side"]}
    plan, served = plans(model, query, exact)
    assert served.rollups == ("entry.exact",)
    assert fetch(connection, served, model) == fetch(connection, plan, model)
    others: list[dict[str, Any]] = [
        {"dimensions": []},
        {"timeDimensions": month_of("quarter")["timeDimensions"]},
        {"timeDimensions": []},
    ]
    for other in others:
        assert plans(model, {**query, **other}, exact)[1].rollups == ()


def test_a_segment_that_a_rollup_keeps_is_read_from_its_column(
    model: Model, states: dict[str, RollupState]
) -> None:
    query = {**month_of("month"), "segments": ["entries.large"]}
    _, served = plans(model, query, {"entry.by_month": states["entry.by_month"]})
    sql = write_statement(served, model).sql
    assert '"entry"."large"' in sql
    assert "> 50" not in sql
    _, served = plans(model, query, {"entry.exact": states["entry.exact"]})
    assert served.rollups == ()


def test_nothing_counted_is_zero_from_a_rollup_too(
    model: Model, states: dict[str, RollupState], connection: duckdb.DuckDBPyConnection
) -> None:
    query = {
        "measures": ["entries.entries", "entries.known", "entries.amount"],
        "timeDimensions": [{"dimension": "entries.day", "dateRange": ["2030-01-01", "2030-12-31"]}],
    }
    plan, served = plans(model, query, {"entry.by_year": states["entry.by_year"]})
    assert served.rollups == ("entry.by_year",)
    assert fetch(connection, served, model) == fetch(connection, plan, model) == [(0, 0, None)]
