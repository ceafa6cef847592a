"""The catalog that tools read: psql, SQLAlchemy, pandas, and what others ask on connect."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
import sqlalchemy as sa

from cube.engine.engine import Engine
from cube.wire.session.server import WireServer
from tests.tools import find_psql, require

Ask = Callable[..., list[tuple[Any, ...]]]
QUERIES = Path(__file__).with_name("tool_queries.sql").read_text(encoding="utf-8")
STATEMENTS = [line for line in QUERIES.splitlines() if line and not line.startswith("--")]
WITHOUT_ROWS = "/* no rows */"
PSQL_COMMANDS = (
    r"\du+ \dp \df+ \dT+ \di \dv \dm \dx \z \l+ \dn+ \db+ \dc \dC \dD \dF \do \dO \dy \dL+ \dX \ds"
)


@pytest.fixture(scope="module")
def psql(server: WireServer) -> Callable[..., str]:
    """Output of psql for some commands."""
    program = require(find_psql)

    def run(*commands: str) -> str:
        words = [program, "-X", "-h", "127.0.0.1", "-p", str(server.port), "-U", "me", "bankcrm"]
        for command in commands:
            words += ["-c", command]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def database(server: WireServer) -> sa.Engine:
    return sa.create_engine(f"postgresql+psycopg://me@127.0.0.1:{server.port}/bankcrm")


def test_psql_lists_the_views_and_describes_one(psql: Callable[..., str]) -> None:
    text = psql(r"\d", r"\dt", r"\dn", r"\l", r"\dt marts.dim_d*")
    assert text.count(" cubes  | balances ") == 2
    assert "marts  | dim_date" in text
    described = psql(r"\d cubes.balances")
    assert 'Table "cubes.balances"' in described
    assert re.search(r"month_end_date +\| date ", described)
    assert re.search(r"account_count +\| bigint ", described)
    assert "Measure: write MEASURE(deposit_end_balance)" in psql(r"\d+ cubes.balances")


def test_psql_shows_answers_cursors_and_where_errors_are(psql: Callable[..., str]) -> None:
    text = psql(
        "begin; declare c cursor for select i from generate_series(1, 9) t(i); "
        "fetch 2 from c; move 3 from c; fetch all from c; close c; commit",
        "select region_name, measure(deposit_end_balance) > 0 as ok from balances group by 1",
    )
    assert "North       | t" in text
    assert text.count("rows)") == 2


def test_psql_knows_what_there_is_not(psql: Callable[..., str]) -> None:
    assert psql(*PSQL_COMMANDS.split()).count(" rows)") > 5


def test_sqlalchemy_reflects_tables_columns_and_comments(
    database: sa.Engine, engine: Engine
) -> None:
    inspector = sa.inspect(database)
    assert {"cubes", "marts"} <= set(inspector.get_schema_names())
    views = {name for name, view in engine.model.views.items() if view.definition.public}
    assert set(inspector.get_table_names("cubes")) == views
    columns = {c["name"]: c for c in inspector.get_columns("balances", "cubes")}
    assert isinstance(columns["month_end_date"]["type"], sa.DATE)
    assert isinstance(columns["deposit_end_balance"]["type"], sa.NUMERIC)
    assert "MEASURE(deposit_end_balance)" in (columns["deposit_end_balance"]["comment"] or "")
    metadata = sa.MetaData()
    metadata.reflect(database, schema="cubes", only=["balances"])
    table = metadata.tables["cubes.balances"]
    measure = sa.func.measure(table.c.deposit_end_balance)
    query = sa.select(table.c.region_name, measure.label("e")).group_by(table.c.region_name)
    with database.connect() as connection:
        assert connection.execute(query.where(table.c.region_name.in_(["North"]))).all()


def test_pandas_reads_a_query(database: sa.Engine) -> None:
    frame = pd.read_sql(
        "select month_end_date, measure(deposit_end_balance) as balance from balances "
        "group by 1 order by 1",
        database,
    )
    assert list(frame.columns) == ["month_end_date", "balance"]
    assert len(frame) == 8


@pytest.mark.parametrize("statement", STATEMENTS, ids=range(len(STATEMENTS)))
def test_what_tools_ask_on_connect_is_answered(ask: Ask, statement: str) -> None:
    rows = ask(statement)
    assert bool(rows) is not statement.startswith(WITHOUT_ROWS)


def test_oids_of_tables_last(ask: Ask, connect: Callable[..., psycopg.Connection[Any]]) -> None:
    sql = "select oid, relname from pg_class where relnamespace = 'cubes'::regnamespace"
    assert connect().execute(sql).fetchall() == ask(sql)


def test_the_catalog_and_other_tables_do_not_mix(refuse: Callable[..., tuple[str, str]]) -> None:
    state, message = refuse("select * from pg_class, balances")
    assert state == "0A000"
    assert "do not go in one query" in message
