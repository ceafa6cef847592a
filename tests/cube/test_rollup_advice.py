"""Slow queries of a log are planned again; the advice is made of the rollups they lacked."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from rich.console import Console
from starlette.testclient import TestClient

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from cube.compiler.definition import PreAggregation
from cube.compiler.model import Model, load_model
from cube.errors import QueryError
from cube.planner.plan import Plan
from cube.planner.prepare import PlanningContext, PreparedQuery, prepare
from cube.planner.rollup_matching import choose_rollups
from cube.planner.sql import write_statement
from cube.query.query import parse_query
from cube.rollups.advice import (
    Advice,
    Demand,
    SlowRequest,
    advise,
    read_slow_requests,
    suggest,
)
from cube.rollups.build import fill_rollup, judge_rollup
from cube.rollups.slow_query import SlowFilter, SlowQuery, SlowTime, describe_query
from cube.rollups.suggestion import RollupSuggestion, compile_suggestion, suggest_rollups
from cube.security.access import AccessControl
from cube.server.app import create_app
from pipelines.cli.screens.rollups import print_advice
from tests.cube.conftest import BUSINESS_DATE
from tests.cube.test_any_query import draw

Claims = dict[str, Any]
ADMIN: Claims = {"groups": ["admin"]}
BRANCH: Claims = {"groups": ["branch_manager"], "branch_id": "B1"}
SEED, COUNT = 5, 90
VIEWS = ("transactions", "balances", "contacts", "bank_overview", "fund_flow", "repayments")
QUERY = {
    "measures": ["contacts.contact_count"],
    "dimensions": ["contacts.branch_name"],
    "filters": [{"member": "contacts.customer_city", "operator": "equals", "values": ["Zzyzx"]}],
}


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def connection(
    published: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the shared version, to build rollups in."""
    copy = tmp_path_factory.mktemp("advice") / "copy.duckdb"
    copy.write_bytes((published.published_folder / "v1.duckdb").read_bytes())
    with duckdb.connect(str(copy), config={"disabled_optimizers": "common_subplan"}) as opened:
        yield opened


def make_query(model: Model, query: dict[str, Any], claims: Claims = ADMIN) -> PreparedQuery:
    """A query, planned where a version holds no rollups at all."""
    access = AccessControl(model).grant(claims)
    return prepare(parse_query(query), PlanningContext(model, access, BUSINESS_DATE, {}))


def suggest_for(
    prepared: PreparedQuery, model: Model, claims: Claims = ADMIN
) -> list[RollupSuggestion]:
    """What is suggested for a query by the line that the access log has of it."""
    logged = describe_query(prepared).model_dump_json(exclude_defaults=True)
    query = SlowQuery.model_validate_json(logged)
    request = SlowRequest((query,), tuple(claims["groups"]))
    return [*suggest({request: Demand(1, 1.0)}, model, BUSINESS_DATE, {})]


def fetch(plan: Plan, model: Model, connection: duckdb.DuckDBPyConnection) -> list[Any]:
    statement = write_statement(plan, model)
    rows = connection.execute(statement.sql, list(statement.parameters)).fetchall()
    return [tuple(f"{v:.12g}" if isinstance(v, float) else v for v in row) for row in rows]


def answer_from(
    suggestion: RollupSuggestion, plan: Plan, model: Model, connection: duckdb.DuckDBPyConnection
) -> Plan:
    """The plan of a query where what is suggested is built and no other rollup is there."""
    rollup = compile_suggestion(suggestion, "suggested", model)
    fill_rollup(connection, rollup, None)
    state = judge_rollup(connection, rollup)
    assert state.state == "ready", state.reason
    declared = replace(model, rollups={suggestion.cube: (rollup,)})
    return choose_rollups(plan, declared, {rollup.name: state})


def test_a_rollup_that_is_suggested_answers_with_the_rows_of_the_fact(
    model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    pick = random.Random(SEED)
    suggested = rows = 0
    for number in range(COUNT):
        query = draw(model.views[VIEWS[number % len(VIEWS)]], pick)
        claims = pick.choice([ADMIN, BRANCH])
        try:
            prepared = make_query(model, query, claims)
        except QueryError:
            continue
        plan = prepared.plan
        # Nothing is lost on the way through the log.
        suggestions = suggest_for(prepared, model, claims)
        assert suggestions == suggest_rollups(plan, model), query
        for suggestion in suggestions:
            served = answer_from(suggestion, plan, model, connection)
            assert served.rollups == (f"{suggestion.cube}.suggested",), (query, suggestion)
            found = fetch(served, model, connection)
            assert found == fetch(plan, model, connection), (query, suggestion)
            suggested, rows = suggested + 1, rows + len(found)
    assert suggested > 15
    assert rows > 50


def test_a_suggestion_is_the_coarsest_rollup_with_the_keys_that_the_query_and_its_rights_read(
    model: Model,
) -> None:
    query = {
        "measures": ["contacts.contact_count"],
        "dimensions": ["contacts.channel_name"],
        "timeDimensions": [{"dimension": "contacts.contact_date", "granularity": "quarter"}],
    }
    (suggestion,) = suggest_for(make_query(model, query), model)
    assert (suggestion.granularity, suggestion.dimensions) == ("quarter", ("channel.channel_key",))
    (suggestion,) = suggest_for(make_query(model, query, BRANCH), model, BRANCH)
    assert suggestion.dimensions == ("branch.branch_key", "channel.channel_key")


@pytest.mark.parametrize(
    ("condition", "period"),
    [
        ({"operator": "inDateRange", "values": ["2023-01-01", "2024-12-31"]}, "year"),
        ({"operator": "inDateRange", "values": ["2024-01-01", "2024-09-30"]}, "quarter"),
        ({"operator": "notInDateRange", "values": ["2024-02-01", "2024-02-29"]}, "month"),
        ({"operator": "inDateRange", "values": ["2024-02-01", "2024-02-28"]}, "day"),
        ({"operator": "inDateRange", "values": ["2024-02-01", "2024-02-29T10:00"]}, "month"),
        ({"operator": "afterOrOnDate", "values": ["2024-10-01"]}, "quarter"),
        ({"operator": "beforeOrOnDate", "values": ["2024-12-31"]}, "year"),
        ({"operator": "beforeDate", "values": ["2024-12-31"]}, "day"),
        ({"operator": "equals", "values": ["2024-01-01"]}, "day"),
        ({"operator": "set"}, None),
    ],
)
def test_of_a_filter_on_time_the_log_has_the_longest_period_it_is_made_of(
    model: Model, condition: dict[str, Any], period: str | None
) -> None:
    """The same period is found in the query that is planned again."""
    query = {
        "measures": ["contacts.contact_count"],
        "filters": [{"member": "contacts.contact_date", **condition}],
    }
    prepared = make_query(model, query)
    slow = describe_query(prepared)
    assert [item.period for item in slow.filters] == [period]
    access = AccessControl(model).grant(ADMIN)
    again = prepare(slow.sample(), PlanningContext(model, access, BUSINESS_DATE, {}))
    assert describe_query(again) == slow
    assert suggest_for(prepared, model) == suggest_rollups(prepared.plan, model)


def test_filters_are_logged_one_by_one_and_without_values(model: Model) -> None:
    city = {"member": "contacts.customer_city", "operator": "equals", "values": ["Zzyzx"]}
    other = {"member": "contacts.channel_name", "operator": "contains", "values": ["Zz"]}
    query = {
        "measures": ["contacts.contact_count"],
        "timeDimensions": [
            {"dimension": "contacts.contact_date", "dateRange": ["2024-01-01", "2024-01-31"]}
        ],
        "filters": [{"or": [city, {"and": [other, city]}]}],
    }
    slow = describe_query(make_query(model, query))
    assert slow.time_dimensions == (SlowTime(dimension="contacts.contact_date", period="month"),)
    assert slow.filters == (
        SlowFilter(member="contacts.customer_city", operator="equals"),
        SlowFilter(member="contacts.channel_name", operator="contains"),
    )


def test_for_what_no_rollup_could_answer_none_is_suggested(model: Model) -> None:
    distinct = {"measures": ["transactions.customer_count"]}
    single = {"dimensions": ["transactions.branch_name"], "ungrouped": True}
    for query in (distinct, single):
        assert suggest_for(make_query(model, query), model) == []


def ask(settings: Settings, caplog: pytest.LogCaptureFixture) -> str:
    """The line of the access log of the query above."""
    caplog.clear()
    with (
        TestClient(create_app(settings), base_url="http://127.0.0.1") as http,
        caplog.at_level(logging.INFO, "bankcrm.cube.access"),
    ):
        assert http.post("/cubejs-api/v1/load", json={"query": QUERY}).status_code == 200
    return caplog.messages[-1]


def test_the_access_log_has_slow_queries_by_names_and_no_value(
    published: Settings, model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    slow = ask(published.model_copy(update={"cube_slow_seconds": 0.0}), caplog)
    assert "Zzyzx" not in slow
    requests = read_slow_requests([f"2024-06-28 INFO {slow}"])
    ((request, demand),) = requests.items()
    assert (request.groups, demand.queries) == (("admin",), 1)
    (suggestion,) = suggest(requests, model, BUSINESS_DATE, {})
    assert suggestion.measures == ("contact_count",)
    quick = ask(published.model_copy(update={"cube_slow_seconds": 3600.0}), caplog)
    assert "slow_queries" not in json.loads(quick)


def make_suggestion(*dimensions: str, granularity: str = "month") -> RollupSuggestion:
    return RollupSuggestion(
        cube="contact",
        time_dimension="contact_date",
        granularity=granularity,
        dimensions=dimensions,
        measures=("contact_count",),
    )


def log_line(milliseconds: float, *queries: dict[str, Any]) -> str:
    """A line of the access log with slow queries."""
    entry = {"computed_ms": milliseconds, "groups": ["admin"], "slow_queries": queries}
    return json.dumps({**entry, "user": "ann"})


def slow_query(dimension: str) -> dict[str, Any]:
    return {
        "measures": ["contacts.contact_count"],
        "dimensions": [dimension],
        "time_dimensions": [{"dimension": "contacts.contact_date", "granularity": "month"}],
    }


def test_other_lines_and_unknown_names_are_skipped_and_the_time_is_shared(model: Model) -> None:
    branch, channel = slow_query("contacts.branch_name"), slow_query("contacts.channel_name")
    unknown = slow_query("contacts.no_such_name")
    lines = ["", "started", "{", "{}", '{"slow_queries": [1], "computed_ms": 1, "groups": []}']
    lines += [log_line(50.0, branch), f"INFO {log_line(300.0, branch, channel)}"]
    requests = read_slow_requests([*lines, log_line(1000.0, unknown)])
    found = suggest(requests, model, BUSINESS_DATE, {})
    assert found == {
        make_suggestion("branch.branch_key"): Demand(2, 200.0),
        make_suggestion("channel.channel_key"): Demand(1, 150.0),
    }


def advise_on(
    suggestions: dict[RollupSuggestion, Demand],
    model: Model,
    connection: duckdb.DuckDBPyConnection,
) -> list[Advice]:
    return advise(suggestions, model, connection, lambda done, total: None)


@pytest.fixture
def many_contacts(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The contacts of the shared version, each a thousand times."""
    connection.execute("create table kept as from marts.fct_contact")
    connection.execute("insert into marts.fct_contact select k.* from kept k, range(999)")
    yield connection
    connection.execute("truncate marts.fct_contact")
    connection.execute("insert into marts.fct_contact from kept")
    connection.execute("drop table kept")


def test_one_rollup_for_two_suggestions_is_better_than_two(
    model: Model, many_contacts: duckdb.DuckDBPyConnection
) -> None:
    branch, channel = make_suggestion("branch.branch_key"), make_suggestion("channel.channel_key")
    year = make_suggestion("channel.channel_key", granularity="year")
    suggestions = {branch: Demand(3, 900.0), channel: Demand(2, 500.0), year: Demand(1, 400.0)}
    (advice,) = advise_on(suggestions, model, many_contacts)
    assert advice.suggestion.dimensions == ("branch.branch_key", "channel.channel_key")
    assert (advice.queries, advice.milliseconds) == (6, 1800.0)
    keys = "branch_key, channel_key, date_trunc('month', contact_date)"
    counted = many_contacts.execute(
        f"select count(distinct ({keys})), count(*) from marts.fct_contact"
    ).fetchone()
    assert (advice.rows, advice.fact_rows) == counted


def test_a_rollup_as_large_as_its_fact_or_unknown_to_the_model_is_not_advised(
    model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    """A table of nearly every contact is worth nothing; a log may be older than the model."""
    large = make_suggestion("customer.customer_key", "channel.channel_key", granularity="day")
    suggestions = {large: Demand(3, 900.0), make_suggestion("no_such_key"): Demand(9, 9000.0)}
    assert advise_on(suggestions, model, connection) == []


def test_what_a_rollup_of_the_model_serves_by_now_is_not_advised(
    model: Model, many_contacts: duckdb.DuckDBPyConnection
) -> None:
    suggestion = make_suggestion("branch.branch_key")
    present = compile_suggestion(
        make_suggestion("branch.branch_key", "channel.channel_key"), "here", model
    )
    newer = replace(model, rollups={**model.rollups, "contact": (present,)})
    assert len(advise_on({suggestion: Demand(1, 1.0)}, model, many_contacts)) == 1
    assert advise_on({suggestion: Demand(1, 1.0)}, newer, many_contacts) == []


def print_for(settings: Settings, log: Path) -> str:
    screen = StringIO()
    print_advice(Console(file=screen, width=120), settings, log)
    return screen.getvalue()


def test_the_command_prints_what_the_model_can_declare(
    home: Settings, tmp_path: Path, many_contacts: duckdb.DuckDBPyConnection
) -> None:
    (name,) = many_contacts.execute("select current_database()").fetchall()[0]
    many_contacts.execute("checkpoint")
    (path,) = many_contacts.execute(
        "select path from duckdb_databases() where database_name = $1", [name]
    ).fetchall()[0]
    (home.published_folder / "v1.duckdb").write_bytes(Path(path).read_bytes())
    log = tmp_path / "serve.log"
    log.write_text(log_line(1500.0, slow_query("contacts.branch_name")), encoding="utf-8")
    screen = print_for(home, log)
    assert "1 slow queries without a rollup, 1.5 seconds" in screen
    declared = yaml.safe_load(screen.partition("cube contact:\n")[2])
    assert PreAggregation.model_validate(declared[0]).name == "advised_1"


def test_a_log_without_slow_queries_says_so_and_a_missing_one_is_named(
    home: Settings, tmp_path: Path
) -> None:
    log = tmp_path / "serve.log"
    log.write_text("nothing here\n", encoding="utf-8")
    assert "No rollup to advise" in print_for(home, log)
    with pytest.raises(BankcrmError, match=r"missing\.log cannot be read: No such file"):
        print_for(home, tmp_path / "missing.log")
