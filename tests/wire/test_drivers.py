"""Drivers: asyncpg and pg8000 of Python, PostgreSQL's JDBC and ODBC drivers.

psycopg is the driver of all other tests here.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pg8000.native
import pytest

from cube.engine.engine import Engine
from cube.wire.session.server import WireServer
from tests.servers import run_apart
from tests.tools import find_jdbc, find_odbc, require

PROGRAM = Path(__file__).with_name("Drivers.java")
Ask = Callable[..., list[tuple[Any, ...]]]
NOTHING_OF = "PrimaryKeys ImportedKeys ExportedKeys IndexInfo Procedures Functions UDTs"


def run(command: list[str], text: str = "") -> str:
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_jdbc_driver_reads_catalog_and_views(
    server: WireServer, engine: Engine, ask: Ask
) -> None:
    driver = require(find_jdbc)
    address = f"jdbc:postgresql://127.0.0.1:{server.port}/bankcrm?user=me&password=x"
    output = run(["java", "-cp", str(driver), str(PROGRAM), address])
    assert "failed" not in output, output
    found = dict(line.split(" ", 1) for line in output.splitlines())
    views = [view for view in engine.model.views.values() if view.definition.public]
    assert found["getTables"] == str(len(views))
    assert found["getColumns"] == str(len(engine.model.views["balances"].members))
    assert {found[f"get{name}"] for name in NOTHING_OF.split()} == {"0"}
    assert int(found["getSQLKeywords"]) > 50
    assert int(found["getTypeInfo"]) > 30
    regions = ask("select distinct region_name from balances where month_end_date >= '2024-01-01'")
    known = sum(name is not None for (name,) in regions)
    assert {found[f"query{turn}"] for turn in range(1, 7)} == {str(known)}
    assert (found["fetch"], found["cancel"]) == ("10", "57014")


@pytest.mark.parametrize("options", ["", "UseDeclareFetch=1;Fetch=2;"])
def test_the_odbc_driver_reads_catalog_and_views(
    server: WireServer, ask: Ask, options: str
) -> None:
    driver = require(find_odbc)
    target = f"Driver={driver};Server=127.0.0.1;Port={server.port};Database=bankcrm;Uid=me;Pwd=x;"
    sql = (
        "SELECT region_name, MEASURE(deposit_end_balance) AS b FROM balances GROUP BY 1 ORDER BY 1"
    )
    text = "\n".join(["help", "help balances", sql, ""])
    output = run(["isql", "-b", "-v", "-d|", "-k", target + options], text)
    assert "bankcrm|cubes|balances|TABLE|" in output
    assert "|cubes|balances|month_end_date|" in output
    for region, balance in ask(sql):
        assert f"{region or ''}|{balance}" in output


DAY, KEY = "value_date", "customer_key"
FIRST, LAST = date(2024, 1, 1), date(2024, 3, 31)
MONTHS = f"select date_trunc('month', {DAY}), {{}} from transactions where {{}} group by 1"
PARAMETERS: list[tuple[str, list[Any]]] = [
    ("select $1::int + 1", [41]),
    ("select $1::bigint, $2::text, $3::date", [2**40, "x", FIRST]),
    ("select $1::numeric", [Decimal("1.50")]),
    ("select $1::boolean", [True]),
    (f"select count(*) from transactions where {KEY} in ($1,$2)", [104, 105]),
    (f"select count(*) from transactions where {KEY} > $1", [1.04e2]),
    (f"select count(*) from transactions where {KEY} > $1::float8", [1.04e2]),
    (f"select count(*) from transactions where {KEY} > $1::float8", [1e16]),
    (
        "select measure(deposit_end_balance) from balances where region_name = any($1)",
        [["North", "x"]],
    ),
    (
        "select measure(deposit_end_balance) from balances where region_name = any($1::text[])",
        [["North"]],
    ),
    (f"select count(*) from transactions where {KEY} = any($1)", [[104, 105]]),
    (f"select count(*) from transactions where {KEY} = any($1)", [[104.0, 105.5]]),
    (f"select count(*) from transactions where {KEY} = any($1)", [[Decimal("104.0"), Decimal(7)]]),
    (f"select count(*) from transactions where {KEY} = any($1::int[])", [[104, 105]]),
    (f"select count(*) from transactions where {KEY} = any($1::bigint[])", [[104, 2**40]]),
    (f"select count(*) from transactions where {KEY} = any($1::float8[])", [[104.0, 1e16]]),
    (f"select count(*) from transactions where {KEY} = any($1)", [[]]),
    (f"select count(*) from transactions where not ({KEY} = any($1))", [[]]),
    (f"select count(*) from transactions where {KEY} <> all($1)", [[104, 105]]),
    (f"select count(*) from transactions where not {KEY} <> all($1::int[])", [[104, 105]]),
    (f"select count(*) from transactions where {DAY} = any($1)", [[date(2024, 1, 15), LAST]]),
    (f"select count(*) from transactions where {DAY} = any($1::date[])", [[date(2024, 1, 15)]]),
    ("select count(*) from transactions where is_reversal = any($1::bool[])", [[True]]),
    (MONTHS.format("measure(amount_3_months)", f"{DAY} between $1 and $2"), [FIRST, LAST]),
    (MONTHS.format("measure(amount_year_to_date)", f"{DAY} >= $1 and {DAY} < $2"), [FIRST, LAST]),
    (MONTHS.format("measure(amount_month_before)", f"$1 <= {DAY} and $2 > {DAY}"), [FIRST, LAST]),
    ("select region_name from balances where region_name ilike $1 limit $2", ["n%", 2]),
]


@pytest.mark.parametrize(("sql", "values"), PARAMETERS)
def test_asyncpg_binds_values_of_their_types(
    server: WireServer, ask: Ask, sql: str, values: list[Any]
) -> None:
    async def fetch() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(
            host="127.0.0.1", port=server.port, user="dev", database="bankcrm"
        )
        try:
            return [tuple(row) for row in await connection.fetch(sql, *values)]
        finally:
            await connection.close()

    assert sorted(run_apart(fetch())) == sorted(ask(_write(sql, values)))


@pytest.mark.parametrize(("sql", "values"), PARAMETERS)
def test_pg8000_binds_values_of_their_types(
    server: WireServer, ask: Ask, sql: str, values: list[Any]
) -> None:
    named = sql
    for number in range(1, len(values) + 1):
        named = named.replace(f"${number}", f":v{number}")
    connection = pg8000.native.Connection(
        "dev", host="127.0.0.1", port=server.port, database="bankcrm"
    )
    try:
        found = connection.run(named, **{f"v{n}": value for n, value in enumerate(values, 1)})
    finally:
        connection.close()
    assert sorted(tuple(row) for row in found) == sorted(ask(_write(sql, values)))


def _write(sql: str, values: list[Any]) -> str:
    """The statement with its values written out."""
    for number, value in enumerate(values, 1):
        sql = sql.replace(f"${number}", _literal(value))
    return sql


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"'{{{','.join(map(str, value))}}}'"
    return f"'{value}'" if isinstance(value, str | date) else str(value)
