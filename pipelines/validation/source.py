"""Delivered files as SQL sources: every field as written, nothing guessed, nothing repaired."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bankcrm.errors import RejectedDelivery
from bankcrm.sql import fetch_row, quote_name, quote_text
from pipelines.contracts.contract import Contract
from pipelines.landing.control_records import DELIVER_AGAIN
from pipelines.validation.header import (
    TRAILING,
    HeaderCheck,
    compare_header,
    split_header,
)
from pipelines.validation.lines import number_records
from pipelines.validation.parquet_file import parquet_sql
from pipelines.validation.text_file import (
    TextFile,
    Workspace,
    examine_text,
)

LONGEST_LINE = 1_000_000
"""Bytes of the longest record; a longer one is a lost quote or a wrong file."""
SHOWN_LINES = 5
_FIELD_COUNT = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")


@dataclass(frozen=True)
class Source:
    """A delivered file, ready to be checked.

    ``sql`` yields the contract's columns as text. ``text`` is None for Parquet.
    """

    path: Path
    sql: str
    text: TextFile | None
    delimiter: str
    warnings: tuple[str, ...] = ()


def open_source(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    contract: Contract,
    workspace: Workspace,
    max_bytes: int,
) -> Source:
    """Examine the bytes and the header of a delivered file.

    Raises:
        RejectedDelivery: the file cannot be split into the columns of its contract.
    """
    if path.name.endswith(".parquet"):
        return open_parquet(connection, path, contract, max_bytes)
    text = examine_text(path, contract.format, workspace, max_bytes)
    header = compare_header(text.header_line, contract)
    _raise_problems(path, HeaderCheck((*text.problems, *header.problems)))
    delimiter = contract.format.delimiter
    source = Source(path, csv_sql(text, delimiter), text, delimiter, header.warnings)
    if TRAILING in split_header(text.header_line, delimiter):
        _refuse_values_behind_the_last(connection, source)
    return source


def _refuse_values_behind_the_last(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Refuse a file with a delimiter at the end of its lines and something behind one of them.

    Lines that cannot be split at all are found, and told, when the rows are checked.
    """
    assert source.text is not None
    readable = readable_sql(source.text, source.delimiter)
    query = f"select count({quote_name(TRAILING)}) from {readable}"
    (rows,) = fetch_row(connection, query)
    if rows:
        problem = (
            f"{rows:,} rows have a value behind the delimiter at the end of the header, where no"
            " column is named: name it, or quote the field that contains the delimiter"
        )
        raise RejectedDelivery(source.path.name, [problem], DELIVER_AGAIN)


def _raise_problems(path: Path, header: HeaderCheck) -> None:
    if header.problems:
        raise RejectedDelivery(path.name, header.problems, DELIVER_AGAIN)


def csv_sql(text: TextFile, delimiter: str, options: str = "") -> str:
    """SQL that splits a plain text file under its header into texts."""
    names = split_header(text.header_line, delimiter)
    return _read_csv(text, delimiter, dict.fromkeys(names, "varchar"), options)


def typed_sql(text: TextFile, contract: Contract) -> str:
    """SQL that splits a text file with the columns of its contract into typed values."""
    types = {column.name: column.sql_type for column in contract.columns}
    return _read_csv(text, contract.format.delimiter, types)


def _read_csv(text: TextFile, delimiter: str, types: dict[str, str], options: str = "") -> str:
    columns = ", ".join(f"{quote_text(name)}: '{sql_type}'" for name, sql_type in types.items())
    return (
        f"read_csv({quote_text(str(text.plain))}, columns = {{{columns}}}, auto_detect = false,"
        f" header = false, skip = {text.header_lines}, delim = {quote_text(delimiter)},"
        " quote = '\"', escape = '\"',"
        f" strict_mode = true, null_padding = false, max_line_size = {LONGEST_LINE}{options})"
    )


def readable_sql(text: TextFile, delimiter: str) -> str:
    """SQL that yields the rows of a text file that can be split, as texts."""
    return csv_sql(text, delimiter, ", ignore_errors = true")


def explain_failure(source: Source, error: duckdb.Error) -> RejectedDelivery:
    """The rejection of a file that DuckDB could not split, naming every line it stumbled over."""
    problems = _find_bad_lines(source) if source.text else []
    problems = problems or [str(error).splitlines()[0]]
    return RejectedDelivery(source.path.name, problems, DELIVER_AGAIN)


def _find_bad_lines(source: Source) -> list[str]:
    """Lines that cannot be split, in words; the error alone names only the first."""
    assert source.text is not None
    lenient = csv_sql(source.text, source.delimiter, ", ignore_errors = true, store_rejects = true")
    with duckdb.connect() as connection:
        connection.execute(f"create table readable as select * from {lenient}")
        errors = connection.execute(
            "select line, any_value(error_type::varchar), any_value(error_message)"
            " from reject_errors group by line order by line"
        ).fetchall()
    problems = [_describe(*error) for error in errors[:SHOWN_LINES]]
    more = len(errors) - SHOWN_LINES
    return [*problems, f"and {more:,} more lines"] if more > 0 else problems


def _describe(line: int, error_type: str, message: str) -> str:
    count = _FIELD_COUNT.search(message)
    if count:
        return f"line {line}: {count[2]} fields where the header has {count[1]}"
    if error_type == "LINE SIZE OVER MAXIMUM":
        return f"line {line}: longer than {LONGEST_LINE:,} bytes; a closing quote may be missing"
    return f"line {line}: {message.splitlines()[0].rstrip('.')}"


def number_lines(connection: duckdb.DuckDBPyConnection, source: Source, rows: int) -> str:
    """SQL that yields ``checked_row`` with ``row_id`` and ``file_line``, the header counted.

    Raises:
        RejectedDelivery: quotes and line breaks of the file can be read in two ways.
    """
    header_lines = source.text.header_lines if source.text else 0
    if source.text is None or rows == source.text.lines - header_lines:
        return (
            f"(select *, rowid as row_id, rowid + {header_lines + 1} as file_line from checked_row)"
        )
    lines = number_records(source.text.plain, header_lines)
    if len(lines) != rows:
        problem = f"{rows:,} rows were read from {len(lines):,} records: its quotes are ambiguous"
        raise RejectedDelivery(source.path.name, [problem], DELIVER_AGAIN)
    connection.register("record_lines", {"file_line": lines})
    connection.execute("create or replace temp table record_line as from record_lines")
    connection.unregister("record_lines")
    return (
        "(select * from (select *, rowid as row_id from checked_row) positional join record_line)"
    )


def open_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract, max_bytes: int
) -> Source:
    """A Parquet file as a source of text; see :func:`parquet_sql`."""
    sql, warnings = parquet_sql(connection, path, contract, max_bytes)
    return Source(path, sql, None, "", warnings)
