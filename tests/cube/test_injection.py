"""Hostile names, operators, values and dates: a 400 or a planned SELECT, never anything else."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp
from starlette.testclient import TestClient

from bankcrm.settings import Settings
from cube.compiler.model import MODEL_FOLDER, load_model
from cube.engine.warehouse import Version

COUNT, SEED = 1_200, 11
MARK = "zq7"
PAYLOADS = [
    f"'; drop table marts.fct_transaction; -- {MARK}",
    f"' or '1'='1' /* {MARK} */",
    f'" union select full_name from marts.dim_customer -- {MARK}',
    f"{MARK}) or (1=1",
    f"$1 {MARK}",
    f"? {MARK}",
    f"{{CUBE}}.full_name {MARK}",
    f"{{ securityContext.branch_id }} {MARK}",
    f"%{MARK}_\\",
    f"{MARK}\x00\x1f",
    f"{MARK}\ud800",
    f"{MARK}\u202e\U0001f4a3",
    f"@account_monthly.branch_path {MARK}",
    f"2024-01-01' {MARK}",
    f"2024-99-99T99:99:99 {MARK}",
    f"last {10**30} days {MARK}",
    f"from {MARK} to now",
    f"../../etc/passwd {MARK}",
    f"read_csv('/etc/passwd') {MARK}",
    f"{MARK}" * 5_000,
    "",
    ".",
    "..",
    "balances.",
    ".deposit_end_balance",
    "balances.deposit_end_balance.month",
    "account_monthly.deposit_end_balance",
    "balances.__class__",
    "@customer.full_name",
]
ODDITIES: list[Any] = [
    None, True, -1, 0, 2**63, 2**200, 1e308, 1.5, [], {}, [[]], [{}], {"a": 1}, ["x", None], [None],
    [["balances.deposit_end_balance", "asc; drop"]], {"sql": "1=1"}, {"expression": "1=0"},
]  # fmt: skip
BASE: dict[str, Any] = {
    "measures": ["balances.deposit_end_balance"],
    "dimensions": ["balances.branch_name"],
    "filters": [{"member": "balances.customer_name", "operator": "equals", "values": ["x"]}],
    "timeDimensions": [
        {
            "dimension": "balances.month_end_date",
            "granularity": "month",
            "dateRange": ["2024-01-01", "2024-03-31"],
        }
    ],
    "order": [["balances.deposit_end_balance", "desc"]],
    "segments": ["balances.deposits"],
    "limit": 5,
    "offset": 0,
    "total": True,
    "timezone": "UTC",
    "responseFormat": "default",
    "ungrouped": False,
}


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """Every statement that reaches the database."""
    seen: list[tuple[str, tuple[Any, ...]]] = []
    fetch = Version.fetch

    def note(self: Version, statements: Any, *others: Any) -> Any:
        seen.extend((statement.sql, statement.parameters) for statement in statements)
        return fetch(self, statements, *others)

    monkeypatch.setattr(Version, "fetch", note)
    yield seen


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Path of every value inside a query."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items  # type: ignore[assignment]
    for key, inner in items:
        yield from places(inner, (*path, key))


def put(query: Any, path: tuple[Any, ...], value: object) -> Any:
    """A copy of the query with another value in one place."""
    if not path:
        return value
    copy = dict(query) if isinstance(query, dict) else list(query)
    copy[path[0]] = put(query[path[0]], path[1:], value)
    return copy


def hostile_queries() -> list[Any]:
    pick = random.Random(SEED)
    cells = list(itertools.product(places(BASE), [*PAYLOADS, *ODDITIES]))
    queries = [put(BASE, path, value) for path, value in pick.sample(cells, COUNT)]
    operators = [
        {**BASE, "filters": [{"member": name, "operator": operator, "values": [payload]}]}
        for name in (
            "balances.customer_name",
            "balances.deposit_end_balance",
            "balances.month_end_date",
        )
        for operator in ("contains", "gt", "inDateRange", "beforeDate", "measureFilter", "sql")
        for payload in PAYLOADS[:18:3]
    ]
    keys = [{**BASE, payload: 1} for payload in PAYLOADS[:8]]
    return queries + operators + keys


def test_a_hostile_query_is_refused_or_bound_and_never_breaks_the_server(
    client: TestClient, published: Settings, executed: list[tuple[str, tuple[Any, ...]]]
) -> None:
    tables = {cube.definition.sql_table for cube in load_model(MODEL_FOLDER).cubes.values()}
    refused = 0
    for query in hostile_queries():
        body = json.dumps({"query": query, "queryType": "multi"})
        answer = client.post("/cubejs-api/v1/load", content=body)
        assert answer.status_code in (200, 400), (query, answer.text)
        refused += answer.status_code == 400
    assert refused > COUNT / 3
    assert len(executed) > COUNT / 20
    for sql in {sql for sql, _ in executed}:
        assert MARK not in sql
        (statement,) = duckdb.extract_statements(sql)
        assert statement.type == duckdb.StatementType.SELECT
        tree = sqlglot.parse_one(sql, dialect="duckdb")
        named = {f"{t.db}.{t.name}" for t in tree.find_all(exp.Table) if t.db}
        assert named <= tables
        texts = {literal.name for literal in tree.find_all(exp.Literal) if literal.is_string}
        assert not any(text.startswith(tuple(PAYLOADS[:20])) for text in texts)


@pytest.mark.parametrize("path", ["load", "sql", "dry-run", "explain"])
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"query":', b'{"query": NaN}',
        b'{"query": {"measures": ["balances.deposit_end_balance"]}, "securityContext": '
        b'{"groups": []}}',
        b'{"query": {"measures": ["balances.deposit_end_balance"], "securityContext": {}}}',
        b'{"query": {"measures": ["balances.deposit_end_balance"], "maskedMembers": []}}',
        b"[" * 20_000, b'{"query": ' + b'{"filters": [' * 500,
    ],
)  # fmt: skip
def test_a_broken_body_is_a_400(client: TestClient, path: str, body: bytes) -> None:
    answer = client.post(f"/cubejs-api/v1/{path}", content=body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}
