"""The rollups of a version: built after dbt, compared with their facts, and recorded.

Upon a copied version only the partitions that the refresh touched are built again. Every partition
is then compared with its fact: rows behind it, and each measure that adds up, to the last digit. A
rollup that differs is dropped, recorded as refused with the reason, and logged as an error; it does
not stop the refresh, because the facts are right and answer in its place, only slower.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

import duckdb
from sqlglot import exp

from bankcrm.disk import is_about_space
from bankcrm.failpoints import reach
from bankcrm.files import hash_origin
from bankcrm.settings import Settings
from bankcrm.sql import SOUND_OPTIMIZER, quote_name
from bankcrm.warehouse.rollup_states import RollupState, read_rollups, record_rollups
from cube.compiler.model import Model, load_model
from cube.compiler.rollup import DIALECT, FACT_ROWS, MONTHS, ROLLUP_SCHEMA, Rollup

MOST_DIFFERENCES_SHOWN = 3
WIDE_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
NARROW_DIGITS = 18
"""Digits of a decimal that fit in 64 bits."""
logger = logging.getLogger("bankcrm.rollups")

Partitions = Mapping[date | None, tuple[object, ...]]
"""Measures by the first day of the partition; None for rows without a date."""


def list_rollups(model: Model | None = None) -> tuple[Rollup, ...]:
    """Every rollup of the model."""
    found = (model or load_model()).rollups.values()
    return tuple(rollup for rollups in found for rollup in rollups)


def hash_rollups(rollups: Iterable[Rollup]) -> str:
    """Hash of all definitions: other rollups make another version."""
    return hash_origin(**{rollup.name: rollup.digest for rollup in rollups})


def build_rollups(
    settings: Settings, build_file: Path, refresh_from: date, rollups: Iterable[Rollup]
) -> list[RollupState]:
    """Build, compare and record every rollup in a sealed build.

    Args:
        settings: how much memory and how many threads may be used.
        build_file: the build; where it started from another version, that one's rollups are in it.
        refresh_from: first business date that may differ from that version.
        rollups: what to build; others that the file holds are dropped.

    Returns:
        The state of each, as ``meta.rollup`` holds it.
    """
    limits = {"memory_limit": settings.memory_limit, "threads": str(settings.threads)}
    with duckdb.connect(str(build_file), config={**SOUND_OPTIMIZER, **limits}) as connection:
        wanted = list(rollups)
        known = read_rollups(connection)
        connection.execute(f"create schema if not exists {ROLLUP_SCHEMA}")
        _drop_others(connection, wanted)
        states = [
            _build(connection, rollup, known.get(rollup.name), refresh_from) for rollup in wanted
        ]
        reach("rollup:built")
        record_rollups(connection, states)
        connection.execute("checkpoint")
    return states


def _build(
    connection: duckdb.DuckDBPyConnection,
    rollup: Rollup,
    known: RollupState | None,
    refresh_from: date,
) -> RollupState:
    is_kept = known is not None and (known.digest, known.state) == (rollup.digest, "ready")
    try:
        fill_rollup(connection, rollup, refresh_from if is_kept else None)
        state = judge_rollup(connection, rollup)
    except duckdb.Error as error:
        if is_about_space(str(error)):
            raise
        state = _refuse(rollup, f"it could not be built: {' '.join(str(error).split())}")
    if state.state == "refused":
        connection.execute(f"drop table if exists {_quote(rollup.table)}")
        logger.error("rollup %s is refused, its fact answers: %s", rollup.name, state.reason)
    return state


def fill_rollup(
    connection: duckdb.DuckDBPyConnection, rollup: Rollup, refresh_from: date | None
) -> None:
    """Write the rows of a rollup: all of them, or the partitions from that of a date on.

    Rows stand in the order of time, so that a query of some months reads no others. Sums are
    stored in 64 bits, which are read many times faster than the 128 that DuckDB adds up in; where
    one does not fit, all are stored as they are.
    """
    if refresh_from is None:
        _create(connection, rollup)
        return
    table, time = _quote(rollup.table), quote_name(rollup.time)
    first = find_partition(rollup, refresh_from)
    connection.execute(f"delete from {table} where {time} >= $1 or {time} is null", [first])
    column = rollup.column(rollup.time)
    touched = exp.or_(
        column >= exp.cast(exp.Literal.string(str(first)), "date"), column.is_(exp.null())
    )
    rows = rollup.query.order_by("1", copy=True).where(touched)
    try:
        connection.execute(f"insert into {table} by name {_sql(rows)}")
    except duckdb.ConversionException:
        _create(connection, rollup)


def _create(connection: duckdb.DuckDBPyConnection, rollup: Rollup) -> None:
    table, query = _quote(rollup.table), _sql(rollup.query)
    kinds = connection.execute(f"describe {query}").fetchall()
    narrow = [
        f"{quote_name(name)}::{narrowed} as {quote_name(name)}"
        for name, kind, *_ in kinds
        if (narrowed := _narrow(kind)) is not None
    ]
    replaced = f"replace ({', '.join(narrow)})" if narrow else ""
    create = f"create or replace table {table} as select *"
    try:
        connection.execute(f"{create} {replaced} from ({query}) order by 1")
    except duckdb.ConversionException:
        connection.execute(f"{create} from ({query}) order by 1")


def _narrow(kind: str) -> str | None:
    """The type of 64 bits for a number of 128."""
    if kind == "HUGEINT":
        return "BIGINT"
    wide = WIDE_DECIMAL.fullmatch(kind)
    return f"DECIMAL({NARROW_DIGITS},{wide[2]})" if wide and int(wide[1]) > NARROW_DIGITS else None


def find_partition(rollup: Rollup, day: date) -> date:
    """First day of the partition of a day."""
    months = MONTHS[rollup.definition.partition_granularity]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def judge_rollup(connection: duckdb.DuckDBPyConnection, rollup: Rollup) -> RollupState:
    """Compare a rollup with its fact, partition by partition."""
    names = list(rollup.added_up)
    facts = _read_partitions(connection, rollup.sum_fact())
    rolled = _read_partitions(connection, rollup.sum_rows())
    differences = [*_find_inexact(connection, rollup), *_compare(names, facts, rolled)]
    differences += _compare_counts(connection, rollup)
    count = connection.execute(f"select count(*) from {_quote(rollup.table)}").fetchone()
    assert count is not None
    fact_rows = sum(int(str(values[0])) for values in facts.values())
    if fact_rows and not count[0]:
        differences = [f"it is empty, its fact holds {fact_rows:,} rows"]
    if differences:
        reason = "; ".join(differences[:MOST_DIFFERENCES_SHOWN])
        more = len(differences) - MOST_DIFFERENCES_SHOWN
        return _refuse(rollup, reason + (f"; and {more} more" if more > 0 else ""))
    return RollupState(
        rollup.name, rollup.table, rollup.digest, len(facts), count[0], fact_rows, "ready"
    )


def _refuse(rollup: Rollup, reason: str) -> RollupState:
    return RollupState(rollup.name, rollup.table, rollup.digest, 0, 0, 0, "refused", reason)


def _read_partitions(connection: duckdb.DuckDBPyConnection, query: exp.Query) -> Partitions:
    rows = connection.execute(_sql(query)).fetchall()
    return {row[0]: row[1:] for row in rows}


def _find_inexact(connection: duckdb.DuckDBPyConnection, rollup: Rollup) -> Iterator[str]:
    """Sums of floating-point numbers depend on the order of rows: they cannot be compared."""
    rows = connection.execute(f"describe {_quote(rollup.table)}").fetchall()
    for name, kind, *_ in rows:
        if name in rollup.measures and kind in ("DOUBLE", "FLOAT"):
            yield f"{name} is a {kind.lower()}, whose sums are not exact"


def _compare(names: list[str], facts: Partitions, rolled: Partitions) -> Iterator[str]:
    """What differs, in words, in the order of time."""
    days = sorted({*facts, *rolled}, key=lambda day: day or date.min)
    nothing = (None,) * len(names)
    for day in days:
        pairs = zip(names, facts.get(day, nothing), rolled.get(day, nothing), strict=True)
        for name, fact, held in pairs:
            if fact != held:
                what = "rows" if name == FACT_ROWS else name
                yield f"{what} of {day or 'no date'}: {fact} in the fact, {held} in the rollup"


def _compare_counts(connection: duckdb.DuckDBPyConnection, rollup: Rollup) -> Iterator[str]:
    """Distinct counts against those of the fact, counted again for every row of the rollup."""
    names = list(rollup.counted)
    if not names:
        return
    keys = [rollup.time, *rollup.keys, *rollup.segments]
    held = ", ".join(map(quote_name, [*keys, *names]))
    row = connection.execute(
        f"""select count(*) from (
            (select {held} from ({_sql(rollup.query)}) except all
                select {held} from {_quote(rollup.table)})
        )"""
    ).fetchone()
    if row is not None and row[0]:
        yield f"{', '.join(names)}: {row[0]:,} groups are counted otherwise in the fact"


def _drop_others(connection: duckdb.DuckDBPyConnection, wanted: Iterable[Rollup]) -> None:
    """Rollups of the copied version that the model does not have any more."""
    kept = [rollup.table for rollup in wanted]
    tables = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where schema_name = $1",
        [ROLLUP_SCHEMA],
    ).fetchall()
    for (table,) in tables:
        if table not in kept:
            connection.execute(f"drop table {_quote(table)}")


def _sql(query: exp.Query) -> str:
    return query.sql(dialect=DIALECT)


def _quote(table: str) -> str:
    return ".".join(map(quote_name, table.split(".")))
