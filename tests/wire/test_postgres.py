"""Scalar expressions: PostgreSQL 15 is the judge. The same statement runs there and here."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers import free_port
from tests.tools import find_postgres, require

Answer = tuple[str, Any]
Judge = Callable[[str], Answer]

REFUSED = ("0A000", "42883", "42804", "42P10", "42601", "22003")
"""States by which something is refused that PostgreSQL answers: not supported, types that do not
go together, a number out of range."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[psycopg.Connection[Any]]:
    """A PostgreSQL 15 of its own, on a socket in a folder of its own."""
    programs = require(find_postgres)
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    owner = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    shutil.chown(folder, owner)
    as_owner: dict[str, Any] = {"user": owner} if os.geteuid() == 0 else {}
    data = str(folder / "data")
    initdb = [str(programs / "initdb"), "-D", data, "-U", "judge", "-A", "trust", "--no-sync"]
    locale = ["-E", "UTF8", "--locale", "C.UTF-8"]
    subprocess.run([*initdb, *locale], check=True, capture_output=True, cwd=folder, **as_owner)
    port = str(free_port())
    options = f"-k {folder} -p {port} -c listen_addresses='' -c fsync=off"
    control = [str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log")]
    subprocess.run([*control, "-o", options, "start"], check=True, cwd=folder, **as_owner)
    try:
        with psycopg.connect(
            host=str(folder), port=port, user="judge", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute("set timezone to 'UTC'")
            yield connection
    finally:
        stop = [*control, "-m", "immediate", "stop"]
        subprocess.run(stop, check=True, cwd=folder, **as_owner)
        shutil.rmtree(folder)


def answer(connection: psycopg.Connection[Any], sql: str) -> Answer:
    """The value of an expression, or the SQLSTATE of its error."""
    try:
        row = connection.execute(sql.encode()).fetchone()
    except psycopg.Error as error:
        return str(error.sqlstate), None
    assert row is not None
    return "", _normal(row[0])


def _normal(value: Any) -> Any:
    """Numbers by their value to 12 digits, moments as text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        number = Decimal(str(value))
        return format(number + 0, ".11e") if number.is_finite() else str(number)
    return value.isoformat() if isinstance(value, date | datetime) else value


KNOWN = [
    "7 / 2", "-7 / 2", "7 / 2.0", "7.0 / 2", "7 % 3", "-7 % 3", "7 / 0", "7.5 / 0", "7 % 0",
    "7::float8 / 0", "null / 2", "1e4", "1.5e3 / 4", "1e1 / 4", "1e4::int", "2.5::int", "3.5::int",
    "2.5::float8::int", "-2.5::int", "round(2.5)", "round(2.5::float8)", "round(3.5::float8)",
    "round(0.345184::numeric, 5)", "round(0.345184::float8::numeric, 5)", "1.23456789::numeric",
    "'1.50'::numeric", "'1e3'::numeric", "1.005::numeric(5, 2)", "trunc(-1.5)", "trunc(1.999, 2)",
    "'abc'::int", "'t'::boolean", "5::boolean", "0::boolean", "true::int", "'5'::int + 1",
    "5::text || 'x'", "'2024-02-30'::date", "'2024-01-31'::date + 1",
    "date '2024-03-01' - date '2024-02-01'", "'100%' like '100\\%'", "'100x' like '100\\%'",
    "'100%' ilike '100\\%'", "'a_b' like 'a!_b' escape '!'", "'axb' like 'a!_b' escape '!'",
    "'ABC' ilike 'a_c'", "'abc' like 'ABC'", "null like 'a'", "'x' in ('x', null)",
    "'y' in ('x', null)", "'y' not in ('x', null)", "null is distinct from 1", "coalesce(null, 2)",
    "nullif(3, 3)", "case when null then 1 else 2 end", "left('abc', 2)", "substring('abcd', 2, 2)",
    "position('c' in 'abc')", "split_part('a-b', '-', 2)", "length('čeština')", "upper('ň')",
    "extract(dow from date '2024-03-03')", "extract(week from date '2024-12-30')",
    "date_trunc('month', timestamp '2024-03-05 14:07:09')",
    "date_trunc('week', timestamp '2024-03-03 10:00')",
    "greatest(1, null, 3)", "least(2, 1)", "abs(-1.5)", "ceil(1.2)", "floor(-1.2)", "power(2, 10)",
    "sqrt(2)", "1 = 1.0", "'a' < 'B'", "true and null", "not null::boolean",
]  # fmt: skip
FORMATS = [
    "YYYY-MM-DD", "HH24:MI:SS", "HH12:MI AM", "HH:MI pm", "Mon DD", "MON", "mon", "Month|",
    "FMMonth", "MONTH", "Day|", "FMDay, FMDD", "DAY", "day", "Dy", "DY", "D", "ID", "WW", "W", "IW",
    "IYYY-IW",
    "Q", "DDD", "FMDDD", "YY", "MS", "US", '"Quarter" Q', "YYYYMM", "FMMM/FMDD", "FMHH24",
]  # fmt: skip
MOMENTS = ["2024-03-05 14:07:09.123456", "2024-01-01 00:00:00", "2023-12-31 12:30:00"]


@pytest.fixture(scope="session")
def compare(
    postgres: psycopg.Connection[Any], shared: psycopg.Connection[Any]
) -> Callable[[str], None]:
    """Asks both for the value of an expression. A refusal by name is no wrong value."""

    def run(expression: str) -> None:
        sql = f"select {expression}"
        there, here = answer(postgres, sql), answer(shared, sql)
        if here[0] and here[0] in REFUSED:
            return
        assert bool(here[0]) == bool(there[0]), (expression, there, here)
        assert here[1] == there[1], expression

    return run


@pytest.mark.parametrize("expression", KNOWN)
def test_an_expression_has_the_value_of_postgresql(
    postgres: psycopg.Connection[Any], shared: psycopg.Connection[Any], expression: str
) -> None:
    sql = f"select {expression}"
    there, here = answer(postgres, sql), answer(shared, sql)
    assert here == there


@pytest.mark.parametrize("pattern", FORMATS)
def test_to_char_writes_times_as_postgresql_does(
    postgres: psycopg.Connection[Any], shared: psycopg.Connection[Any], pattern: str
) -> None:
    for moment in MOMENTS:
        sql = f"select to_char(timestamp '{moment}', '{pattern}')"
        assert answer(shared, sql) == answer(postgres, sql), moment


@pytest.mark.parametrize("pattern", ["J", "TZ", "CC", "RM", "SSSS", "Y,YYY", "FF3"])
def test_another_format_is_refused_by_name(shared: psycopg.Connection[Any], pattern: str) -> None:
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="to_char"):
        shared.execute(f"select to_char(timestamp '2024-03-05', '{pattern}')")


INTEGERS = st.integers(-1000, 1000).map(lambda n: f"({n})")
DECIMALS = st.sampled_from(["0.5", "(-2.5)", "1e3", "1.25e2", "5e-1", "12.125", "0.0"])
BARE = INTEGERS | DECIMALS | st.just("null::int")
CASTS = st.sampled_from(["int", "bigint", "numeric", "float8", "numeric(12, 2)"])
TEXTS = st.sampled_from(["'a'", "'B%'", "'a_b'", "''", "null::text", "'12'", "'x\\y'"])


def _combine(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, st.sampled_from("+-*/"), inner)
    return (
        st.tuples(inner, CASTS).map(lambda t: f"({t[0]})::{t[1]}")
        | pair.map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | st.tuples(inner, inner).map(lambda t: f"coalesce({t[0]}, {t[1]})")
        | st.tuples(inner, inner).map(lambda t: f"nullif({t[0]}, {t[1]})")
        | st.tuples(st.sampled_from(["abs", "trunc", "ceil", "floor"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        )
    )


NUMBERS = st.recursive(BARE, _combine, max_leaves=4)
STRINGS = st.recursive(
    TEXTS,
    lambda inner: (
        st.tuples(st.sampled_from(["upper", "lower", "trim", "reverse"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        )
        | st.tuples(inner, inner).map(lambda t: f"({t[0]} || {t[1]})")
    ),
    max_leaves=3,
)
CONDITIONS = (
    st.tuples(NUMBERS, st.sampled_from(["=", "<>", "<", ">="]), NUMBERS)
    | st.tuples(STRINGS, st.sampled_from(["=", "<", "like", "ilike", "not like"]), STRINGS)
).map(" ".join)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(expression=NUMBERS | STRINGS | CONDITIONS)
def test_any_expression_has_the_value_of_postgresql(
    compare: Callable[[str], None], expression: str
) -> None:
    compare(expression)
