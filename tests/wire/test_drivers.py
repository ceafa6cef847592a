"""Drivers of other languages: PostgreSQL's JDBC and ODBC drivers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cube.engine.engine import Engine
from cube.wire.session.server import WireServer
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
