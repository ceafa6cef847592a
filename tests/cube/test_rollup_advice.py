"""A wish is a rollup that would have answered; the advice is made of the wishes of a log."""

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
from cube.planner.planner import plan_query
from cube.planner.rollup_matching import choose_rollups
from cube.planner.sql import write_statement
from cube.query.query import parse_query
from cube.rollups.advice import Advice, Demand, advise, read_wishes
from cube.rollups.build import fill_rollup, judge_rollup
from cube.rollups.suggestion import Wish, compile_wish, list_wishes
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


def make_plan(model: Model, query: dict[str, Any], claims: Claims = ADMIN) -> Plan:
    """The plan of a query where a version holds no rollups at all."""
    access = AccessControl(model).grant(claims)
    return plan_query(parse_query(query), model, BUSINESS_DATE, access)


def fetch(plan: Plan, model: Model, connection: duckdb.DuckDBPyConnection) -> list[Any]:
    statement = write_statement(plan, model)
    rows = connection.execute(statement.sql, list(statement.parameters)).fetchall()
    return [tuple(f"{v:.12g}" if isinstance(v, float) else v for v in row) for row in rows]


def answer_from(
    wish: Wish, plan: Plan, model: Model, connection: duckdb.DuckDBPyConnection
) -> Plan:
    """The plan of a query where the wish has come true and no other rollup is there."""
    rollup = compile_wish(wish, "wished", model)
    fill_rollup(connection, rollup, None)
    state = judge_rollup(connection, rollup)
    assert state.state == "ready", state.reason
    wished = replace(model, rollups={wish.cube: (rollup,)})
    return choose_rollups(plan, wished, {rollup.name: state})


def test_a_rollup_that_is_wished_for_answers_with_the_rows_of_the_fact(
    model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    pick = random.Random(SEED)
    wished = rows = 0
    for number in range(COUNT):
        query = draw(model.views[VIEWS[number % len(VIEWS)]], pick)
        try:
            plan = make_plan(model, query, pick.choice([ADMIN, BRANCH]))
        except QueryError:
            continue
        for wish in list_wishes(plan, model):
            served = answer_from(wish, plan, model, connection)
            assert served.rollups == (f"{wish.cube}.wished",), (query, wish)
            found = fetch(served, model, connection)
            assert found == fetch(plan, model, connection), (query, wish)
            wished, rows = wished + 1, rows + len(found)
    assert wished > 15
    assert rows > 50


def test_a_wish_is_the_coarsest_rollup_with_the_keys_that_the_query_and_its_rights_read(
    model: Model,
) -> None:
    query = {
        "measures": ["contacts.contact_count"],
        "dimensions": ["contacts.channel_name"],
        "timeDimensions": [{"dimension": "contacts.contact_date", "granularity": "quarter"}],
    }
    (wish,) = list_wishes(make_plan(model, query), model)
    assert (wish.granularity, wish.dimensions) == ("quarter", ("channel.channel_key",))
    (wish,) = list_wishes(make_plan(model, query, BRANCH), model)
    assert wish.dimensions == ("branch.branch_key", "channel.channel_key")


def test_what_no_rollup_could_answer_is_not_wished_for(model: Model) -> None:
    distinct = {"measures": ["transactions.customer_count"]}
    single = {"dimensions": ["transactions.branch_name"], "ungrouped": True}
    for query in (distinct, single):
        assert list_wishes(make_plan(model, query), model) == []


def ask(settings: Settings, caplog: pytest.LogCaptureFixture) -> str:
    """The line of the access log of the query above."""
    caplog.clear()
    with (
        TestClient(create_app(settings), base_url="http://127.0.0.1") as http,
        caplog.at_level(logging.INFO, "bankcrm.cube.access"),
    ):
        assert http.post("/cubejs-api/v1/load", json={"query": QUERY}).status_code == 200
    return caplog.messages[-1]


def test_the_access_log_tells_wishes_of_slow_queries_and_no_value(
    published: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    slow = ask(published.model_copy(update={"cube_slow_seconds": 0.0}), caplog)
    assert sum(found.queries for found in read_wishes([f"2024-06-28 INFO {slow}"]).values()) == 1
    assert "Zzyzx" not in slow
    quick = ask(published.model_copy(update={"cube_slow_seconds": 3600.0}), caplog)
    assert "wishes" not in json.loads(quick)


def make_wish(*dimensions: str, granularity: str = "month") -> Wish:
    return Wish(
        cube="contact",
        time_dimension="contact_date",
        granularity=granularity,
        dimensions=dimensions,
        measures=("contact_count",),
    )


def test_lines_that_are_no_wishes_are_skipped_and_the_time_is_shared() -> None:
    first, second = make_wish("branch.branch_key"), make_wish("channel.channel_key")
    both = {"computed_ms": 300.0, "wishes": [first.model_dump(), second.model_dump()]}
    one = {"computed_ms": 50.0, "wishes": [first.model_dump()], "user": "ann"}
    lines = ["", "started", "{", "{}", '{"wishes": [1], "computed_ms": 1}', json.dumps(one)]
    found = read_wishes([*lines, f"INFO {json.dumps(both)}"])
    assert found == {first: Demand(2, 200.0), second: Demand(1, 150.0)}


def advise_on(
    wishes: dict[Wish, Demand], model: Model, connection: duckdb.DuckDBPyConnection
) -> list[Advice]:
    return advise(wishes, model, connection, lambda done, total: None)


@pytest.fixture
def many_contacts(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The contacts of the shared version, each a thousand times."""
    connection.execute("create table kept as from marts.fct_contact")
    connection.execute("insert into marts.fct_contact select k.* from kept k, range(999)")
    yield connection
    connection.execute("truncate marts.fct_contact")
    connection.execute("insert into marts.fct_contact from kept")
    connection.execute("drop table kept")


def test_one_rollup_for_two_wishes_is_better_than_two(
    model: Model, many_contacts: duckdb.DuckDBPyConnection
) -> None:
    branch, channel = make_wish("branch.branch_key"), make_wish("channel.channel_key")
    year = make_wish("channel.channel_key", granularity="year")
    wishes = {branch: Demand(3, 900.0), channel: Demand(2, 500.0), year: Demand(1, 400.0)}
    (advice,) = advise_on(wishes, model, many_contacts)
    assert advice.wish.dimensions == ("branch.branch_key", "channel.channel_key")
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
    large = make_wish("customer.customer_key", "channel.channel_key", granularity="day")
    wishes = {large: Demand(3, 900.0), make_wish("no_such_key"): Demand(9, 9000.0)}
    assert advise_on(wishes, model, connection) == []


def test_what_a_rollup_of_the_model_serves_by_now_is_not_advised(
    model: Model, many_contacts: duckdb.DuckDBPyConnection
) -> None:
    wish = make_wish("branch.branch_key")
    present = compile_wish(make_wish("branch.branch_key", "channel.channel_key"), "here", model)
    newer = replace(model, rollups={**model.rollups, "contact": (present,)})
    assert len(advise_on({wish: Demand(1, 1.0)}, model, many_contacts)) == 1
    assert advise_on({wish: Demand(1, 1.0)}, newer, many_contacts) == []


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
    wish = make_wish("branch.branch_key").model_dump()
    log = tmp_path / "serve.log"
    log.write_text(json.dumps({"computed_ms": 1500.0, "wishes": [wish]}), encoding="utf-8")
    screen = print_for(home, log)
    assert "1 slow queries without a rollup, 1.5 seconds" in screen
    declared = yaml.safe_load(screen.partition("cube contact:\n")[2])
    assert PreAggregation.model_validate(declared[0]).name == "advised_1"


def test_a_log_without_wishes_says_so_and_a_missing_one_is_named(
    home: Settings, tmp_path: Path
) -> None:
    log = tmp_path / "serve.log"
    log.write_text("nothing here\n", encoding="utf-8")
    assert "No rollup to advise" in print_for(home, log)
    with pytest.raises(BankcrmError, match=r"missing\.log cannot be read: No such file"):
        print_for(home, tmp_path / "missing.log")
