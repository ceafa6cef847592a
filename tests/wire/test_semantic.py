"""Queries on views: they answer as REST does, and name what they do not know."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.compiler.compiled import CompiledView
from cube.engine.engine import Engine
from cube.security.auth import make_token
from cube.wire.catalog.rewrite import Rewriter
from cube.wire.catalog.store import build_catalog
from cube.wire.session.server import WireServer
from cube.wire.session.statements import parse_query
from cube.wire.translate.statement_compiler import Reader, compile_query

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]
Refuse = Callable[..., tuple[str, str]]

SEED, COUNT = 11, 60
HOUR = timedelta(hours=1)
CLAIMS: dict[str, dict[str, str]] = {
    "admin": {},
    "analyst": {},
    "branch_manager": {"branch_id": "B1"},
    "customer_manager": {"manager_id": "M1"},
}


@pytest.fixture(scope="session")
def tokens(settings: Settings) -> dict[str, str]:
    """A token of each role."""
    return {role: make_token(settings, [role], HOUR, claims) for role, claims in CLAIMS.items()}


@pytest.fixture(scope="session")
def sessions(
    guarded: WireServer, tokens: dict[str, str]
) -> Iterator[dict[str, psycopg.Connection[Any]]]:
    """A connection of each role."""
    opened = {
        role: psycopg.connect(
            host="127.0.0.1",
            port=guarded.port,
            user=role,
            dbname="bankcrm",
            password=token,
            autocommit=True,
        )
        for role, token in tokens.items()
    }
    yield opened
    for connection in opened.values():
        connection.close()


@pytest.fixture(scope="session")
def rest(http: TestClient, tokens: dict[str, str]) -> Callable[..., Rows | str]:
    """Rows of a query over REST, or the message of its refusal."""

    def load(query: dict[str, Any], role: str = "admin") -> Rows | str:
        body = {"query": {**query, "responseFormat": "compact"}}
        headers = {"Authorization": tokens[role]}
        answer = http.post("/cubejs-api/v1/load", json=body, headers=headers)
        if answer.status_code == 400:
            return str(answer.json()["error"])
        content = answer.json()["data"]
        width = len(query.get("dimensions", [])) + len(query.get("measures", []))
        return [tuple(row[:width]) for row in content["dataset"]]

    return load


def draw(view: CompiledView, pick: random.Random) -> dict[str, Any]:
    """A query with conditions on members of every type."""
    members = list(view.members.values())
    measures = [m.name for m in members if m.kind == "measure"]
    plain = [m.name for m in members if m.kind == "dimension" and m.type != "time"]
    times = [m.name for m in members if m.kind == "dimension" and m.type == "time"]
    dimensions = pick.sample(plain, pick.randint(0, 2))
    time = pick.choice(times)
    if pick.random() < 0.5:
        dimensions.append(f"{time}.{pick.choice(['day', 'month', 'quarter', 'year'])}")
    filters: list[dict[str, Any]] = []
    if pick.random() < 0.6:
        moment = f"2024-0{pick.randint(1, 6)}-01T00:00:00.000"
        operator = pick.choice(["afterOrOnDate", "beforeDate"])
        filters.append({"member": time, "operator": operator, "values": [moment]})
    texts = [m.name for m in members if m.kind == "dimension" and m.type == "string"]
    if texts and pick.random() < 0.5:
        operator = pick.choice(["contains", "set", "equals"])
        values = {"contains": ["1"], "set": [], "equals": ["North"]}[operator]
        filters.append({"member": pick.choice(texts), "operator": operator, "values": values})
    segments = [m.name for m in members if m.kind == "segment"]
    return {
        "measures": pick.sample(measures, pick.randint(1, 3)),
        "dimensions": dimensions,
        "filters": filters,
        "segments": segments[: pick.choice([0, 0, 1])],
        "order": [],
    }


def write_sql(query: dict[str, Any]) -> str:
    """The query of REST in SQL."""
    view = query["measures"][0].split(".")[0]
    outputs = [_output(name) for name in query["dimensions"]]
    measures = [f"MEASURE({name.split('.')[1]})" for name in query["measures"]]
    conditions = [_condition(item) for item in query["filters"]]
    conditions += [name.split(".")[1] for name in query["segments"]]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    group = ", ".join(str(place + 1) for place in range(len(outputs)))
    return (
        f"SELECT {', '.join(outputs + measures)} FROM cubes.{view}{where}"
        f"{f' GROUP BY {group}' if group else ''}"
    )


def _output(name: str) -> str:
    _, member, *unit = name.split(".")
    return f"date_trunc('{unit[0]}', {member})" if unit else member


def _condition(item: dict[str, Any]) -> str:
    member = item["member"].split(".")[1]
    if item["operator"] == "set":
        return f"{member} IS NOT NULL"
    value = item["values"][0]
    forms = {
        "contains": f"{member} ILIKE '%{value}%'",
        "equals": f"{member} = '{value}'",
        "afterOrOnDate": f"{member} >= TIMESTAMP '{value}'",
        "beforeDate": f"{member} < TIMESTAMP '{value}'",
    }
    return forms[item["operator"]]


def normalize(rows: Rows) -> list[tuple[Any, ...]]:
    """Numbers by value to 12 digits, times as text of REST, in one order."""
    return sorted((tuple(map(_normal, row)) for row in rows), key=repr)


def _normal(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, date):
        text = value.isoformat()
        return text if "T" in text else f"{text}T00:00:00"
    text = str(value)
    if text.endswith("T00:00:00.000"):
        return text.removesuffix(".000")
    try:
        return format(Decimal(text).normalize(), ".12g") if text[:1] in "-0123456789" else text
    except ArithmeticError:
        return text


@pytest.mark.parametrize("role", list(CLAIMS))
def test_random_queries_answer_as_rest_does(
    role: str,
    rest: Callable[..., Rows | str],
    sessions: dict[str, psycopg.Connection[Any]],
    engine: Engine,
) -> None:
    pick = random.Random(SEED)
    views = [view for view in engine.model.views.values() if view.definition.public]
    answered = 0
    for _ in range(COUNT):
        query = draw(pick.choice(views), pick)
        expected, sql = rest(query, role), write_sql(query)
        if isinstance(expected, str):
            with pytest.raises(psycopg.Error) as caught:
                sessions[role].execute(sql)
            assert caught.value.sqlstate != "XX000", (sql, caught.value)
            continue
        found = sessions[role].execute(sql).fetchall()
        assert normalize(found) == normalize(expected), sql
        answered += 1
    assert answered > COUNT / 3


@pytest.mark.parametrize(
    "condition",
    [
        "value_date between '2024-01-01' and '2024-03-31'",
        "value_date >= '2024-01-01' and value_date < date '2024-04-01'",
    ],
)
def test_a_period_in_where_is_the_range_of_rolling_windows(
    ask: Ask, refuse: Refuse, rest: Callable[..., Rows | str], condition: str
) -> None:
    query = {
        "measures": ["transactions.amount_3_months", "transactions.amount_year_to_date"],
        "dimensions": ["transactions.value_date.month"],
        "timeDimensions": [
            {
                "dimension": "transactions.value_date",
                "dateRange": ["2024-01-01", "2024-03-31"],
            }
        ],
    }
    sql = (
        "select date_trunc('month', value_date), measure(amount_3_months), "
        "measure(amount_year_to_date) from transactions where {} group by 1"
    )
    expected = rest(query)
    assert isinstance(expected, list)
    assert len(expected) == 3
    assert normalize(ask(sql.format(condition))) == normalize(expected)
    nested = "not (value_date < '2024-01-01' or customer_city = 'x') and "
    state, message = refuse(sql.format(nested + "value_date <= '2024-03-31'"))
    assert (state, "dateRange" in message) == ("0A000", True)


def test_who_sees_a_mask_cannot_look_behind_it(
    sessions: dict[str, psycopg.Connection[Any]],
) -> None:
    analyst = sessions["analyst"]
    names = analyst.execute("select distinct customer_name from balances").fetchall()
    assert names == [("***",)]
    found = analyst.execute(
        "select count(*) from (select customer_name, account_id from balances "
        "where customer_name ilike '%customer%') t"
    ).fetchone()
    assert found == (0,)


@pytest.mark.parametrize(
    ("role", "sql"),
    [
        ("analyst", "select * from marts.dim_customer"),
        ("branch_manager", "select * from marts.fct_account_monthly"),
        ("customer_manager", "select count(*) from marts.dim_date"),
        ("customer_manager", "with x as (select * from marts.dim_date) select * from x"),
        ("branch_manager", "select (select max(full_name) from marts.dim_customer)"),
    ],
)
def test_the_marts_are_the_administrators(
    sessions: dict[str, psycopg.Connection[Any]], role: str, sql: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="administrators only"):
        sessions[role].execute(sql)


def test_what_a_role_does_not_see_does_not_exist_for_it(
    sessions: dict[str, psycopg.Connection[Any]],
) -> None:
    manager = sessions["customer_manager"]
    with pytest.raises(psycopg.errors.UndefinedTable, match="does not exist"):
        manager.execute("select * from rewards")
    names = manager.execute("select relname from pg_class where relname in ('rewards', 'balances')")
    assert names.fetchall() == [("balances",)]
    columns = "select count(*) from information_schema.columns where column_name = 'branch_path'"
    assert manager.execute(columns).fetchone() == (0,)


@pytest.mark.parametrize(
    "sql",
    [
        "with duckdb_tables as (select * from duckdb_tables) select * from duckdb_tables",
        "with sqlite_master as (select * from sqlite_master) select 1 from sqlite_master",
        "select * from duckdb_settings()",
        "select * from read_text('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('*')",
        "select getenv('HOME')",
        "select * from meta.version",
        "select * from main.x",
        "select * from query('select 1')",
        "select current_setting('x'), * from pragma_version()",
        "select * from other.cubes.balances",
        "select (select min(x) from duckdb_secrets() t(x)) from balances",
    ],
)
def test_nothing_but_tables_of_the_user_is_read(refuse: Refuse, sql: str) -> None:
    assert refuse(sql)[0] in ("42P01", "42883", "0A000", "42P10", "42601")


def test_no_condition_is_tried_on_rows_of_others(engine: Engine) -> None:
    """DuckDB may move a condition below the row rules, where its errors would tell of others."""
    access = engine.control.grant({"groups": ["branch_manager"], "branch_id": "B1"})
    sql = "select * from (select customer_city c from balances) t where c = 'Praha'"
    tree = parse_query(sql).tree
    with engine.warehouse.pin() as version, closing(build_catalog([], {})) as catalog:
        rewriter = Rewriter(catalog, {}, {})
        reader = Reader(engine.plan_on(version, access), None, rewriter)
        compiled = compile_query(tree, reader)
        cursor = version.connection.cursor()
        explained = cursor.execute(f"explain {compiled.sql}", list(compiled.parameters)).fetchall()
        plan = str(explained[0][1])
    assert plan.index("'Praha'") < plan.index("LIMIT") < plan.index("SCAN")
    assert plan.count("'Praha'") == 1
