"""What changed in the parameters since a version was built, and from which day on.

A published version keeps its seeds in schema ``parameters``. The rows of a seed with validity are
compared as histories: a changed rate shows on the day it takes effect, and nothing before that day
has to be rebuilt. Any other change (columns, a seed without validity, a new seed) has no such day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

import duckdb

from pipelines.parameters.seeds import FROM, TO, Seed, read_seeds

SCHEMA = "parameters"
Value = str | Decimal | date | bool | None
Row = tuple[Value, ...]
_BOOLEANS = {"true": True, "false": False}
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}


@dataclass(frozen=True)
class ParameterChange:
    """A changed seed, and the first day on which it holds something else.

    ``changed_from`` is None where no such day is known: then everything is rebuilt.
    """

    seed: str
    changed_from: date | None


def find_parameter_changes(
    connection: duckdb.DuckDBPyConnection, folder: Path
) -> list[ParameterChange]:
    """Compare the seed files with the seeds of a version.

    Args:
        connection: the published version.
        folder: holds the seed files.

    Returns:
        The changed seeds in the order of names; empty when all are the same.
    """
    built = _read_columns(connection)
    seeds = {seed.name: seed for seed in read_seeds(folder)}
    changes = [ParameterChange(name, None) for name in built.keys() ^ seeds.keys()]
    for name in built.keys() & seeds.keys():
        changes += _compare(connection, seeds[name], built[name])
    return sorted(changes, key=lambda change: change.seed)


def find_first_difference(
    columns: Sequence[str], before: Iterable[Row], after: Iterable[Row]
) -> date | None:
    """First day on which two histories differ: other rows hold, begin or end on it.

    Args:
        columns: names of the values of each row, ``valid_from`` and ``valid_to`` among them.
        before: rows of the one history.
        after: rows of the other.

    Returns:
        The day, or None when both hold the same rows.
    """
    first, second = _list_turns(columns, before), _list_turns(columns, after)
    return min((day for day, *_ in (first - second) + (second - first)), default=None)


def _list_turns(
    columns: Sequence[str], rows: Iterable[Row]
) -> Counter[tuple[date, str, tuple[Value, ...]]]:
    """Every beginning and end of a row, with what begins or ends."""
    turns: Counter[tuple[date, str, tuple[Value, ...]]] = Counter()
    for row in rows:
        named = dict(zip(columns, row, strict=True))
        held = tuple(value for name, value in named.items() if name not in {FROM, TO})
        for name in (FROM, TO):
            day = named[name]
            assert isinstance(day, date)
            turns[day, name, held] += 1
    return turns


def _compare(
    connection: duckdb.DuckDBPyConnection, seed: Seed, types: dict[str, str]
) -> list[ParameterChange]:
    if seed.columns != tuple(types):
        return [ParameterChange(seed.name, None)]
    before = [
        tuple(_normalise(value, kind) for value, kind in zip(row, types.values(), strict=True))
        for row in connection.execute(f'from "{SCHEMA}"."{seed.name}"').fetchall()
    ]
    try:
        after = [
            tuple(_normalise(row.values.get(name), kind) for name, kind in types.items())
            for row in seed.rows
        ]
    except (ValueError, KeyError, InvalidOperation):
        return [ParameterChange(seed.name, None)]
    if Counter(before) == Counter(after):
        return []
    changed_from = find_first_difference(seed.columns, before, after) if seed.has_validity else None
    return [ParameterChange(seed.name, changed_from)]


def _read_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    rows = connection.execute(
        """select table_name, column_name, data_type from duckdb_columns()
        where schema_name = $1 and database_name = current_database()
        order by table_name, column_index""",
        [SCHEMA],
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        tables.setdefault(table, {})[column] = kind
    return tables


def _normalise(value: object, kind: str) -> Value:
    """A value of a file or of a table, alike where dbt would load the one as the other.

    Raises:
        ValueError, KeyError, InvalidOperation: the text is no value of the column's type.
    """
    text = "" if value is None else str(value)
    if kind == "VARCHAR":
        return text or None
    text = text.strip()
    if not text:
        return None
    if kind == "DATE":
        return date.fromisoformat(text)
    if kind == "BOOLEAN":
        return _BOOLEANS[text.lower()]
    if kind.startswith("DECIMAL("):
        scale = int(kind.rstrip(")").partition(",")[2])
        return Decimal(text).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    return Decimal(int(text)) if kind in _INTEGERS else Decimal(text)
