"""The eight files of the bank: their columns, what a sound cell looks like, and reading them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bankcrm.errors import BankcrmError, RejectedDelivery
from bankcrm.sql import quote_text
from pipelines.sources.berka import codes

REMEDY = "Take all eight .asc files unchanged from one copy of the PKDD'99 financial data."


def date_sql(text: str) -> str:
    """SQL date of a YYMMDD text of the 1900s; null when it is none."""
    return f"cast(try_strptime('19' || {text}, '%Y%m%d') as date)"


def birth_date_sql(number: str) -> str:
    """SQL date of a birth number YYMMDD, in which women have 50 added to the month."""
    month = f"lpad(cast(try_cast({number}[3:4] as integer) % 50 as varchar), 2, '0')"
    return date_sql(f"({number}[1:2] || {month} || {number}[5:6])")


def gender_sql(number: str) -> str:
    """SQL gender, F or M, of a birth number."""
    return f"if(try_cast({number}[3:4] as integer) > 50, 'F', 'M')"


def _matches(pattern: str) -> str:
    return f"regexp_full_match({{0}}, '{pattern}')"


SIX_DIGITS = _matches("[0-9]{{6}}")
ID = _matches("[0-9]{{1,18}}")
COUNT = _matches("[1-9][0-9]{{0,3}}")
AMOUNT = _matches("[0-9]{{1,12}}([.][0-9]{{1,2}})?")
SIGNED_AMOUNT = _matches("-?[0-9]{{1,12}}([.][0-9]{{1,2}})?")
NAME = "trim({0}) <> ''"
ANY = "true"
DATE = f"{SIX_DIGITS} and {date_sql('{0}')} is not null"
ISSUED = f"{_matches('[0-9]{{6}} 00:00:00')} and {date_sql('{0}[1:6]')} is not null"
BIRTH_NUMBER = f"{SIX_DIGITS} and {birth_date_sql('{0}')} is not null"


def _one_of(known: Mapping[str, str]) -> str:
    return "{0} in (" + ", ".join(f"'{code}'" for code in known) + ")"


def _blank_or(known: Mapping[str, str] | tuple[str, ...]) -> str:
    return "trim({0}) in ('', " + ", ".join(f"'{code}'" for code in known) + ")"


@dataclass(frozen=True)
class SourceFile:
    """One file: its columns in order, each with the SQL condition of a sound cell ``{0}``.

    ``key`` is the column whose values are unique; ``references`` maps a column to the
    ``file.column`` in which its values must occur.
    """

    name: str
    key: str
    columns: Mapping[str, str]
    references: Mapping[str, str]


FILES = (
    SourceFile(
        "district",
        "A1",
        {"A1": ID, "A2": NAME, "A3": NAME, **{f"A{number}": ANY for number in range(4, 17)}},
        {},
    ),
    SourceFile(
        "account",
        "account_id",
        {
            "account_id": ID,
            "district_id": ID,
            "frequency": _one_of(codes.ACCOUNT_PRODUCTS),
            "date": DATE,
        },
        {"district_id": "district.A1"},
    ),
    SourceFile(
        "client",
        "client_id",
        {"client_id": ID, "birth_number": BIRTH_NUMBER, "district_id": ID},
        {"district_id": "district.A1"},
    ),
    SourceFile(
        "disp",
        "disp_id",
        {"disp_id": ID, "client_id": ID, "account_id": ID, "type": _one_of(codes.PARTY_ROLES)},
        {"client_id": "client.client_id", "account_id": "account.account_id"},
    ),
    SourceFile(
        "card",
        "card_id",
        {"card_id": ID, "disp_id": ID, "type": _one_of(codes.CARD_PRODUCTS), "issued": ISSUED},
        {"disp_id": "disp.disp_id"},
    ),
    SourceFile(
        "loan",
        "loan_id",
        {
            "loan_id": ID,
            "account_id": ID,
            "date": DATE,
            "amount": AMOUNT,
            "duration": COUNT,
            "payments": AMOUNT,
            "status": ANY,
        },
        {"account_id": "account.account_id"},
    ),
    SourceFile(
        "order",
        "order_id",
        {
            "order_id": ID,
            "account_id": ANY,
            "bank_to": ANY,
            "account_to": ANY,
            "amount": ANY,
            "k_symbol": ANY,
        },
        {},
    ),
    SourceFile(
        "trans",
        "trans_id",
        {
            "trans_id": ID,
            "account_id": ID,
            "date": DATE,
            "type": _one_of(codes.DEBIT_CREDIT),
            "operation": _blank_or(codes.OPERATIONS),
            "amount": AMOUNT,
            "balance": SIGNED_AMOUNT,
            "k_symbol": _blank_or(codes.SYMBOLS),
            "bank": ANY,
            "account": ANY,
        },
        {"account_id": "account.account_id"},
    ),
)


def read_files(folder: Path, connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Read the eight files into tables ``file.<name>`` of text columns plus ``line``.

    Returns:
        Rows read, by file name.

    Raises:
        BankcrmError: when files are missing.
        RejectedDelivery: naming a file and everything that is wrong with it.
    """
    missing = [f"{file.name}.asc" for file in FILES if not _path(folder, file).is_file()]
    if missing:
        raise BankcrmError(f"{folder} lacks {', '.join(missing)}", REMEDY)
    connection.execute("create schema file")
    rows = {file.name: _read_file(_path(folder, file), file, connection) for file in FILES}
    for file in FILES:
        _reject(file, _reference_problems(file, connection))
    return rows


def _path(folder: Path, file: SourceFile) -> Path:
    return folder / f"{file.name}.asc"


def _reject(file: SourceFile, problems: list[str]) -> None:
    if problems:
        raise RejectedDelivery(f"{file.name}.asc", problems, REMEDY)


def _read_file(path: Path, file: SourceFile, connection: duckdb.DuckDBPyConnection) -> int:
    lines = _check_lines(path, file)
    columns = ", ".join(f"'{name}': 'varchar'" for name in file.columns)
    texts = ", ".join(f"coalesce({name}, '') as {name}" for name in file.columns)
    options = "delim = ';', quote = '\"', escape = '\"', header = true, new_line = '\\r\\n'"
    try:
        connection.execute(
            f'create table file."{file.name}" as select row_number() over () + 1 as line, {texts} '
            f"from read_csv({quote_text(str(path))}, {options}, auto_detect = false, "
            f"all_varchar = true, columns = {{{columns}}})"
        )
    except duckdb.Error as error:
        _reject(file, [" ".join(str(error).split("Possible fixes")[0].split())])
    rows = _count(connection, f'from file."{file.name}"')
    if rows != lines:
        _reject(file, [f"{lines} lines after the header, but {rows} rows read"])
    _reject(file, _cell_problems(file, connection))
    return rows


def _check_lines(path: Path, file: SourceFile) -> int:
    """Check header and line ends; return the number of lines after the header."""
    content = path.read_bytes()
    header = content.split(b"\r\n", maxsplit=1)[0].decode("ascii", "replace").replace('"', "")
    expected = ";".join(file.columns)
    if content.count(b"\n") != content.count(b"\r\n"):
        _reject(file, ["lines do not end in CR LF"])
    if header != expected:
        _reject(file, [f"the header is {header[:200]!r} instead of {expected!r}"])
    return content.count(b"\r\n") - content.endswith(b"\r\n")


def _cell_problems(file: SourceFile, connection: duckdb.DuckDBPyConnection) -> list[str]:
    problems = []
    for column, condition in file.columns.items():
        sound = condition.format(column)
        count, line, value = _first_row(
            connection,
            f"select count(*), min(line), arg_min({column}, line) "
            f'from file."{file.name}" where ({sound}) is not true',
        )
        if count:
            problems.append(f"{column} is wrong on {count} lines, first {value!r} (line {line})")
    distinct = _count(connection, f'from (select distinct {file.key} from file."{file.name}")')
    repeated = _count(connection, f'from file."{file.name}"') - distinct
    if repeated:
        problems.append(f"{repeated} rows repeat a {file.key}")
    return problems


def _reference_problems(file: SourceFile, connection: duckdb.DuckDBPyConnection) -> list[str]:
    problems = []
    for column, reference in file.references.items():
        name, _, key = reference.partition(".")
        count, line, value = _first_row(
            connection,
            f'select count(*), min(line), arg_min({column}, line) from file."{file.name}" '
            f'where {column} not in (select {key} from file."{name}")',
        )
        if count:
            problems.append(
                f"{column} is not in {name}.asc on {count} lines, first {value!r} (line {line})"
            )
    return problems


def _first_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, int, str]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def _count(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    row = connection.execute(f"select count(*) {source}").fetchone()
    assert row is not None
    return int(row[0])
