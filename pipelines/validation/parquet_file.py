"""Delivered Parquet files as SQL sources of text: by name and type, and only without loss."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

from bankcrm.errors import RejectedDelivery
from bankcrm.sql import fetch_row, quote_name, quote_text
from pipelines.contracts.contract import Column, Contract
from pipelines.contracts.file_format import Format
from pipelines.landing.control_records import DELIVER_AGAIN
from pipelines.validation.header import HeaderCheck, compare_columns
from pipelines.validation.text_file import GLOB_CHARACTERS
from pipelines.validation.unreadable import is_unreadable

INSTANT = "timestamp with time zone"
_INTEGERS = re.compile(r"u?(?:tiny|small|big)?int(?:eger)?|hugeint")
_FLOATS = ("float", "double")
_LOCAL_TIMES = ("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns")
_STATE_ZONE = (
    "an instant has no local time without a zone: have `time_zone` put under `format` of the"
    " contract, or write local time without a zone (in Spark: timestamp_ntz)"
)


def parquet_sql(
    connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract, max_bytes: int
) -> tuple[str, tuple[str, ...]]:
    """SQL that yields the contract's columns of a Parquet file as text, and warnings.

    Names may be in capitals. A column of another type is taken where nothing is lost: whole numbers
    and decimals of another width, midnights where dates are due, a column without any value.

    Raises:
        RejectedDelivery: it is no Parquet file, it would swell beyond ``max_bytes``, or names and
            types differ from the contract.
    """
    file = quote_text(_escape_glob(path))
    try:
        _measure(connection, path, max_bytes)
        types = _read_types(connection, file)
    except duckdb.Error as error:
        if not is_unreadable(error):
            raise
        problem = f"is no whole Parquet file: {str(error).splitlines()[0]}"
        raise RejectedDelivery(path.name, [problem], DELIVER_AGAIN) from error
    header = _compare_names(connection, file, types, contract)
    by_name = {name.lower(): (name, data_type) for name, data_type in types.items()}
    texts, problems = [], list(header.problems)
    for column in contract.columns:
        if column.name not in by_name:
            continue
        value = _value_sql(connection, file, contract, column, by_name[column.name])
        if value is None:
            problems.append(_explain_type(column, by_name[column.name][1]))
        texts.append(f"nullif(cast({value} as varchar), '') as {quote_name(column.name)}")
    if problems:
        raise RejectedDelivery(path.name, problems, DELIVER_AGAIN)
    return f"(select {', '.join(texts)} from read_parquet({file}))", header.warnings


def _compare_names(
    connection: duckdb.DuckDBPyConnection, file: str, types: dict[str, str], contract: Contract
) -> HeaderCheck:
    # DuckDB gives the second of two such columns another name; the file itself tells.
    twice = connection.execute(
        f"select lower(name) from parquet_schema({file}) where num_children is null"
        " group by all having count(*) > 1 order by all"
    ).fetchall()
    named_twice = [name for (name,) in twice if name in contract.column_names]
    if named_twice:
        problem = (
            f"header: columns {', '.join(named_twice)} are there twice, in capitals and in small"
            " letters; deliver each once"
        )
        return HeaderCheck((problem,))
    return compare_columns([name.lower() for name in types], contract)


def _read_types(connection: duckdb.DuckDBPyConnection, file: str) -> dict[str, str]:
    """SQL type of each column by its name; ``int96`` for the instants that only look local."""
    described = connection.execute(f"describe select * from read_parquet({file})").fetchall()
    int96 = connection.execute(
        f"select name from parquet_schema({file}) where type = 'INT96'"
    ).fetchall()
    types = {name: data_type.lower() for name, data_type, *_ in described}
    return types | {name: "int96" for (name,) in int96 if name in types}


def _value_sql(
    connection: duckdb.DuckDBPyConnection,
    file: str,
    contract: Contract,
    column: Column,
    delivered: tuple[str, str],
) -> str | None:
    """SQL of the value of a column as the contract types it; None where something may be lost.

    ``delivered`` is the name that it has in the file, and its type.
    """
    value, data_type = quote_name(delivered[0]), delivered[1]
    local = _local_time_sql(contract.format, value, data_type)
    if _fits(column, data_type):
        return value
    if column.type == "timestamp" and local is not None:
        return local
    if column.type == "date" and local is not None:
        is_midnight = f"coalesce(bool_and({local} = date_trunc('day', {local})), true)"
        query = f"select {is_midnight} from read_parquet({file})"
        return f"{local}::date" if fetch_row(connection, query)[0] else None
    if column.nullable:
        (values,) = fetch_row(connection, f"select count({value}) from read_parquet({file})")
        return "null" if values == 0 else None
    return None


def _fits(column: Column, data_type: str) -> bool:
    """Whether a value of the type is written down as the contract's type would be."""
    if data_type == column.sql_type:
        return True
    if column.type == "integer":
        return _INTEGERS.fullmatch(data_type) is not None
    scale = re.fullmatch(r"decimal\([0-9]+,([0-9]+)\)", column.sql_type)
    return (
        scale is not None and re.fullmatch(rf"decimal\([0-9]+,{scale[1]}\)", data_type) is not None
    )


def _local_time_sql(written: Format, value: str, data_type: str) -> str | None:
    """SQL of a moment as the bank's clock showed it; None where nothing says what it showed."""
    if data_type in _LOCAL_TIMES:
        return value
    if written.time_zone is None or data_type not in ("int96", INSTANT):
        return None
    instant = f"({value} at time zone 'UTC')" if data_type == "int96" else value
    return f"({instant} at time zone {quote_text(written.time_zone)})"


def _explain_type(column: Column, data_type: str) -> str:
    problem = f"column {column.name} is {data_type}, the contract says {column.sql_type}: "
    is_number = _INTEGERS.fullmatch(data_type) is not None
    if data_type in ("int96", INSTANT) and column.type in ("timestamp", "date"):
        return problem + _STATE_ZONE
    if column.type == "date" and data_type in _LOCAL_TIMES:
        return problem + "some values have a time of day; write dates"
    if is_number and column.sql_type == "varchar":
        return problem + "write it as a string; a number has lost the zeros in front of an id"
    if is_number and column.sql_type.startswith("decimal"):
        return problem + f"write it as {column.sql_type}; a whole number may be cents"
    if data_type in _FLOATS and column.sql_type.startswith("decimal"):
        return (
            problem + f"write it as {column.sql_type}; floating point does not hold cents exactly"
        )
    return problem + f"write it as {column.sql_type}"


def _escape_glob(path: Path) -> str:
    """The path as DuckDB's own text for exactly this file: no character is a wildcard."""
    return GLOB_CHARACTERS.sub(lambda found: f"[{found[0]}]", str(path))


def _measure(connection: duckdb.DuckDBPyConnection, path: Path, max_bytes: int) -> None:
    """Refuse a file that swells: by its stated sizes, and at a byte for every value."""
    measured = connection.execute(
        "select coalesce(sum(greatest(total_uncompressed_size, num_values)), 0)"
        f" from parquet_metadata({quote_text(_escape_glob(path))})"
    ).fetchone()
    if measured is not None and measured[0] > max_bytes:
        problem = f"holds more than {max_bytes:,} bytes when decompressed"
        raise RejectedDelivery(path.name, [problem], DELIVER_AGAIN)
