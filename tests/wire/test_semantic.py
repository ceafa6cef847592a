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

from cube.server.auth import make_token
from cube.server.compiled import CompiledView
from cube.server.service import Service
from cube.wire.catalog.rewrite import Rewriter
from cube.wire.catalog.store import build_catalog
from cube.wire.compiler import Reader, compile_query
from cube.wire.server import WireServer
from cube.wire.statements import parse_query
from pipelines.settings import Settings

Rows = list[tuple[Any, ...]]
Ask = Callable[..., Rows]
Refuse = Callable[..., tuple[str, str]]

SEED, COUNT = 11, 60
CLAIMS: dict[str, dict[str, str]] = {
    "admin": {},
    "analyst": {},
    "branch_manager": {"branch_id": "B1"},
    "customer_manager": {"manager_id": "M1"},
}


@pytest.fixture(scope="session")
def tokens(settings: Settings) -> dict[str, str]:
    """A token of each role."""
    hour = timedelta(hours=1)
    return {role: make_token(settings, [role], hour, claims) for role, claims in CLAIMS.items()}


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
        return format(Decimal(text), ".12g") if text[:1] in "-0123456789" else text
    except ArithmeticError:
        return text


@pytest.mark.parametrize("role", list(CLAIMS))
def test_random_queries_answer_as_rest_does(
    role: str,
    rest: Callable[..., Rows | str],
    sessions: dict[str, psycopg.Connection[Any]],
    service: Service,
) -> None:
    pick = random.Random(SEED)
    views = [view for view in service.model.views.values() if view.definition.public]
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


def test_expressions_are_computed_from_groups_and_measures(ask: Ask) -> None:
    rows = ask(
        "select date_trunc('month', month_end_date)::date as month, "
        "round(measure(deposit_end_balance) / 1000, 1) as thousands, "
        "sum(measure(deposit_end_balance)) over (order by date_trunc('month', "
        "month_end_date)) as running "
        "from balances where month_end_date between '2024-01-01' and '2024-02-29' "
        "group by 1 having measure(deposit_end_balance) > 0 order by month desc"
    )
    (february, _, running), (january, _, first) = rows
    assert (february, january) == (date(2024, 2, 1), date(2024, 1, 1))
    totals: dict[Any, Any] = dict(
        ask("select month_end_date, measure(deposit_end_balance) from balances group by 1")
    )
    assert running - first == totals[date(2024, 2, 29)]


def test_outer_queries_join_and_aggregate_semantic_ones(ask: Ask) -> None:
    (count, total), *_ = ask(
        "with months as (select month_end_date m, measure(deposit_end_balance) b from "
        "balances group by 1) "
        "select count(*), sum(x.b - y.b) from months x join months y on x.m = y.m"
    )
    assert (count, total) == (8, 0)
    parts = "select branch_name, measure(deposit_end_balance) b from balances group by 1"
    assert ask(f"select sum(b) from ({parts}) t") == ask(
        "select measure(deposit_end_balance) from balances"
    )


BEST = (
    "select region_name as best, measure(deposit_end_balance) as m from balances group by "
    "1 limit {}"
)
JOIN = "select region_name, measure(deposit_end_balance) from balances join ({}) t on {} group by 1"


def test_a_sub_select_that_picks_groups_limits_the_series_of_a_chart(ask: Ask) -> None:
    all_of_them = (
        "select region_name, date_trunc('month', month_end_date), measure(deposit_end_balance) "
    )
    all_of_them += "from balances {} group by 1, 2 order by 1, 2"
    everything = ask(all_of_them.format(""))
    (best,) = ask("select max(region_name) from balances")[0]
    wanted = [row for row in everything if row[0] == best]
    pick = f"select region_name as best from balances where region_name = '{best}' group by 1"
    assert len(wanted) > 0
    for condition in (
        "region_name = best",
        "best = balances.region_name",
        "(t.best = region_name)",
        "not (balances.region_name is distinct from t.best)",
    ):
        assert ask(all_of_them.format(f"join ({pick}) t on {condition}")) == wanted
    nobody = pick.replace(f"'{best}'", "'nobody'")
    assert ask(all_of_them.format(f"join ({nobody}) t on region_name = best")) == []
    distinct = "select distinct region_name best from balances"
    known = [row for row in everything if row[0] is not None]
    assert ask(all_of_them.format(f"join ({distinct}) t on region_name = best")) == known


@pytest.mark.parametrize(
    "sql",
    [
        JOIN.format(BEST.format(2), "region_name = best and m > 3"),
        JOIN.format("select region_name as best from balances", "region_name = best"),
        JOIN.format(
            "select region_name b, branch_name c from balances group by 1, 2", "region_name = b"
        ),
        JOIN.replace(" join ", " left join ").format(BEST.format(2), "region_name = best"),
        JOIN.format(BEST.format(2), "region_name <> best"),
        JOIN.replace("group by 1", "")
        .replace("measure(deposit_end_balance)", "account_id")
        .format(BEST.format(2), "region_name = best"),
        "select * from balances join loans on true",
    ],
)
def test_a_join_that_does_more_is_refused(refuse: Refuse, sql: str) -> None:
    state, message = refuse(sql)
    assert state == "0A000"
    assert "cannot be joined" in message


def test_a_join_needs_the_groups_that_it_picks(refuse: Refuse) -> None:
    sql = (
        f"select measure(deposit_end_balance) from balances join ({BEST.format(2)}) t on "
        f"region_name = best"
    )
    assert refuse(sql)[0] == "42803"
    assert refuse(
        JOIN.format(BEST.replace(" as best", "").format(2), "region_name = region_name")
    ) == (
        "42702",
        'column reference "region_name" is ambiguous',
    )


def test_aggregates_around_a_list_of_columns_are_the_views(ask: Ask, refuse: Refuse) -> None:
    expected = ask(
        "select region_name, measure(deposit_end_balance) from balances group by 1 order by 1"
    )
    assert any(balance for _, balance in expected)
    layers = "(select region_name as r, deposit_end_balance as e from balances {}) t"
    sql = f"select t.r, sum(t.e) from {layers} group by t.r order by 1"
    assert ask(sql.format("")) == expected
    again = f"(select r, e from {layers.format('')} where r <> 'nowhere') u"
    known = [row for row in expected if row[0] is not None]
    assert ask(f"select u.r, sum(u.e) from {again} group by 1 order by 1") == known
    one = f"where region_name = '{known[0][0]}'"
    assert ask(sql.format(one)) == known[:1]
    assert refuse(f"select max(e) from {layers.format('')}")[0] == "42803"
    rows = ask("select avg(a) from (select amount as a, account_id from transactions) t")
    values = ask("select amount, account_id from transactions")
    assert float(rows[0][0]) == pytest.approx(sum(float(row[0]) for row in values) / len(values))


def test_a_test_for_rows_beside_an_aggregate_holds(ask: Ask) -> None:
    sql = "select region_name, measure(deposit_end_balance) from balances group by 1"
    assert sorted(ask(f"{sql} having (count(1) > 0)"), key=str) == sorted(ask(sql), key=str)


def test_administrators_join_marts_with_views(ask: Ask) -> None:
    rows = ask(
        "select d.year_number, sum(t.b) from (select month_end_date m, "
        "measure(deposit_end_balance) b "
        "from balances group by 1) t join marts.dim_date d on d.date_key = t.m "
        "group by 1 order by 1"
    )
    assert [year for year, _ in rows] == [2023, 2024]


def test_dimensions_have_extremes_and_distinct_counts(ask: Ask) -> None:
    assert ask("select max(month_end_date), count(distinct region_name) from balances") == [
        (date(2024, 6, 30), 1)
    ]
    assert ask("select region_name, min(month_end_date) from balances group by 1")[0][0] == "North"


def test_rows_are_counted(ask: Ask, refuse: Refuse) -> None:
    rows = ask("select region_name, month_end_date from balances")
    assert ask("select count(*), count(1) from balances") == [(len(rows), len(rows))]
    by_month: dict[Any, Any] = dict(ask("select month_end_date, count(*) from balances group by 1"))
    assert sum(by_month.values()) == len(rows)
    assert all(sum(day == month for _, day in rows) == n for month, n in by_month.items())
    assert ask("select region_name from balances group by 1 having count(*) > 3") == [("North",)]
    assert ask("select 1 from balances limit 2") == [(1,), (1,)]
    assert refuse("select count(*), measure(deposit_end_balance) from balances")[0] == "42803"
    assert refuse("select count(*) from bank_overview")[0] == "42803"


def test_no_condition_is_tried_on_rows_of_others(service: Service) -> None:
    """DuckDB may move a condition below the row rules, where its errors would tell of others."""
    access = service.control.grant({"groups": ["branch_manager"], "branch_id": "B1"})
    sql = "select * from (select customer_city c from balances) t where c = 'Praha'"
    tree = parse_query(sql).tree
    with service.warehouse.pin() as version, closing(build_catalog([], {})) as catalog:
        rewriter = Rewriter(catalog, {}, {})
        reader = Reader(service.model, access, version.business_date, {}, None, rewriter)
        compiled = compile_query(tree, reader)
        cursor = version.connection.cursor()
        explained = cursor.execute(f"explain {compiled.sql}", list(compiled.parameters)).fetchall()
        plan = str(explained[0][1])
    assert plan.index("'Praha'") < plan.index("LIMIT") < plan.index("SCAN")
    assert plan.count("'Praha'") == 1


def test_rows_are_listed_one_by_one(connect: Callable[..., Any], ask: Ask) -> None:
    connection = connect()
    notices: list[str] = []
    connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
    cursor = connection.execute("select * from balances limit 3")
    names = [column.name for column in cursor.description]
    assert cursor.rowcount == 3
    assert {"region_name", "deposit_end_balance", "deposits"} <= set(names)
    row = dict(zip(names, cursor.fetchone(), strict=True))
    assert row["region_name"] is not None
    assert row["deposit_end_balance"] is None
    assert "deposit_end_balance" in notices[0]
    assert ask("select count(*) from balances")[0][0] == len(ask("select account_id from balances"))


def test_sql_compares_unknown_values_as_sql_does(ask: Ask) -> None:
    total = "select count(*) from (select account_id, customer_city from balances{}) t"
    everything = ask(total.format(""))[0][0]
    known = ask(total.format(" where customer_city is not null"))[0][0]
    prague = ask(total.format(" where customer_city = 'Praha'"))[0][0]
    others = ask(total.format(" where customer_city <> 'Praha'"))[0][0]
    negated = ask(total.format(" where not (customer_city = 'Praha')"))[0][0]
    assert 0 < prague < known < everything
    assert prague + others == known
    assert negated == others
    assert ask(total.format(" where customer_city = null"))[0][0] == 0
    assert ask(total.format(" where 1 = 0"))[0][0] == 0


def test_periods_are_compared_by_their_days(ask: Ask) -> None:
    count = "select count(*) from (select account_id from balances where {}) t"
    march = ask(count.format("month_end_date between '2024-03-01' and '2024-03-31'"))
    assert ask(count.format("date_trunc('month', month_end_date) = '2024-03-01'")) == march
    assert ask(count.format("cast(month_end_date as date) = date '2024-03-31'")) == march
    later = ask(count.format("month_end_date > '2024-03-31'"))
    assert ask(count.format("month_end_date >= date '2024-03-31' + interval '1 day'")) == later


@pytest.mark.parametrize(
    ("sql", "state", "words"),
    [
        ("select sum(npl_ratio) from loans", "42803", "MEASURE(npl_ratio)"),
        ("select avg(deposit_end_balance) from balances", "42803", "SUM(deposit_end_balance)"),
        ("select count(customer_count) from balances", "42803", "COUNT(DISTINCT customer_count)"),
        ("select sum(customer_key) from balances", "42803", "is a dimension"),
        ("select region_name, measure(deposit_end_balance) from balances", "42803", "GROUP BY"),
        (
            "select deposit_end_balance from balances group by 1",
            "42803",
            "MEASURE(deposit_end_balance)",
        ),
        ("select region_nam from balances", "42703", "did you mean 'region_name'"),
        ("select * from balance", "42P01", "did you mean 'balances'"),
        ("select 1 from balances b join loans l on true", "0A000", "cannot be joined"),
        (
            "select region_name from balances where deposit_end_balance > 1",
            "42803",
            "HAVING",
        ),
        ("select region_name from balances where region_name like 'N%'", "0A000", "ILIKE"),
        (
            "select upper(region_name) from balances group by upper(region_name)",
            "0A000",
            "group by",
        ),
        (
            "select measure(deposit_end_balance) filter (where true) from balances",
            "0A000",
            "its own filters",
        ),
        ("select date_trunc('decade', month_end_date) from balances group by 1", "0A000", "decade"),
        ("select region_name from balances group by rollup(1)", "0A000", "ROLLUP"),
        ("select measure(1) from marts.dim_date", "0A000", "on a view"),
        ("select nothing(1) from balances", "42883", "nothing()"),
    ],
)
def test_what_is_not_supported_is_named(refuse: Refuse, sql: str, state: str, words: str) -> None:
    found, message = refuse(sql)
    assert found == state, message
    assert words in message
