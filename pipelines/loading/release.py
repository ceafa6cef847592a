"""Rows out of quarantine: corrected, they are delivered again like any file.

A release writes the whole file of a business date once more, as the next rerun: the rows that were
accepted as they are, the quarantined ones as delivered or, where a correction names their line, as
corrected. The next refresh checks it like any delivery. The earlier load and its quarantine stay
in the books, superseded.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

import duckdb

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from bankcrm.sql import fetch_row, quote_names
from pipelines.contracts.contract import Column, Contract, ControlTotal
from pipelines.contracts.stored_columns import personal_columns, token_name
from pipelines.landing.control import Label, control_path
from pipelines.landing.delivery import delivery_file, write_delivery
from pipelines.loading.quarantine import QuarantinedRow, list_quarantine, read_fields
from pipelines.validation.unreadable_amounts import possible_amounts

LINE = "file_line"
MOST_ROWS = 1_000_000
Fields = Mapping[str, str | None]


@dataclass(frozen=True)
class Release:
    """What was delivered again: the file, and how many of its rows were corrected."""

    data_file: Path
    rows: int
    corrected: int


def find_quarantined(
    connection: duckdb.DuckDBPyConnection, contract: Contract, business_date: date
) -> list[QuarantinedRow]:
    """Rows of a business date that are in quarantine now, in the order of their lines.

    Raises:
        BankcrmError: there are none.
    """
    found = list_quarantine(connection, contract.name, business_date, limit=MOST_ROWS)
    rows = [row for row in found if row.is_active]
    if not rows:
        raise BankcrmError(
            f"No row of {contract.name} of {business_date} is in quarantine",
            "`bankcrm quarantine list` shows what is.",
        )
    return rows


def write_corrections(rows: Mapping[int, Fields], contract: Contract, path: Path) -> None:
    """Write quarantined rows as a CSV file to be corrected; ``file_line`` names each row.

    It holds clear values, so nobody else may read it.
    """
    path.touch(mode=0o600)
    path.chmod(0o600)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([LINE, *contract.column_names])
        for line, fields in rows.items():
            writer.writerow([line, *(fields[name] for name in contract.column_names)])


def read_corrections(path: Path, contract: Contract, lines: Iterable[int]) -> dict[int, Fields]:
    """Corrected rows by their line.

    Raises:
        BankcrmError: other columns, a line twice, or a line that is not in quarantine.
    """
    known = set(lines)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if reader.fieldnames != [LINE, *contract.column_names]:
            raise BankcrmError(
                f"{path} has other columns than {LINE}, {', '.join(contract.column_names)}",
                "Start from what `bankcrm quarantine show --csv FILE` writes.",
            )
        corrected: dict[int, Fields] = {}
        for row in reader:
            line = int(row[LINE]) if row[LINE].isdecimal() else 0
            if line not in known or line in corrected:
                raise BankcrmError(
                    f"{path}: line {row[LINE]!r} is not in quarantine, or is corrected twice",
                    "Keep the numbers of the column file_line.",
                )
            corrected[line] = {name: row[name] or None for name in contract.column_names}
    return corrected


def release_rows(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    business_date: date,
    corrections: Path,
) -> Release:
    """Deliver a business date's file again with corrected rows.

    Args:
        settings: where the landing folder lies.
        connection: the raw database.
        contract: feed of the file.
        business_date: business date of the file.
        corrections: CSV file as :func:`write_corrections` writes it, corrected.

    Raises:
        BankcrmError: nothing is in quarantine, or the corrections do not fit.
    """
    quarantined = find_quarantined(connection, contract, business_date)
    bad: dict[int, Fields] = dict(read_fields(connection, quarantined))
    corrected = read_corrections(corrections, contract, bad)
    good = _read_accepted(connection, contract, quarantined[0].load_id)
    rows = [fields for _, fields in sorted((good | bad | corrected).items())]
    sequence, rerun = _next_delivery(connection, contract, business_date)
    path = _data_path(settings, contract, business_date, rerun)
    label = Label(
        source=contract.source,
        feed=contract.feed,
        business_date=business_date,
        sequence=sequence,
        rerun=rerun,
        schema_version=contract.schema_version,
    )
    totals = {total.label: _sum(rows, total) for total in contract.control_totals}
    content = _write_text(contract, rows)
    write_delivery(path, contract, label, content, rows=len(rows), totals=totals)
    return Release(path, len(rows), len(corrected))


def _read_accepted(
    connection: duckdb.DuckDBPyConnection, contract: Contract, load_id: int
) -> dict[int, Fields]:
    """Accepted rows of a load as text, by their line; personal values from the vault.

    Raises:
        BankcrmError: a row belongs to a customer who was erased.
    """
    names = contract.column_names
    texts = ", ".join(_text_sql(column) for column in contract.columns)
    erased = " or ".join(map(_erased_sql, personal_columns(contract))) or "false"
    rows = connection.execute(
        f"select {LINE}, {erased}, {texts} from {contract.raw_table} as kept where load_id = $1",
        [load_id],
    ).fetchall()
    gone = [line for line, is_erased, *_ in rows if is_erased]
    if gone:
        raise BankcrmError(
            f"Line {gone[0]} of the file is of a customer who was erased, and cannot be written",
            "Have the source system deliver the business date again as its next rerun.",
        )
    return {line: dict(zip(names, values, strict=True)) for line, _, *values in rows}


def _text_sql(column: Column) -> str:
    if not column.personal:
        return f"{quote_names([column.name])}::varchar"
    return f"(select any_value(value) from vault.entry where token = kept.{_token(column)})"


def _erased_sql(column: Column) -> str:
    token = _token(column)
    return f"({token} is not null and {token} not in (select token from vault.entry))"


def _token(column: Column) -> str:
    return quote_names([token_name(column)])


def _next_delivery(
    connection: duckdb.DuckDBPyConnection, contract: Contract, business_date: date
) -> tuple[int, int]:
    """Sequence number of a business date, and the rerun that follows all that were tried."""
    sequence, rerun = fetch_row(
        connection,
        """select max(sequence) filter (status = 'loaded'), max(rerun) + 1 from ops.load
        where (source, feed, business_date) = ($1, $2, $3)""",
        [contract.source, contract.feed, business_date],
    )
    return sequence, rerun


def _data_path(settings: Settings, contract: Contract, business_date: date, rerun: int) -> Path:
    """Path of the next rerun, whose place in the landing folder must be free."""
    path = settings.landing_folder / delivery_file(contract, business_date, rerun)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() or control_path(path).exists():
        raise BankcrmError(
            f"{path} waits already", "Run `bankcrm refresh` first, then release what is left."
        )
    return path


def _write_text(contract: Contract, rows: Sequence[Fields]) -> bytes:
    mark = contract.format.delimiter
    lines = [mark.join(contract.column_names)]
    lines += [mark.join(_quote(row[name], mark) for name in row) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def _quote(value: str | None, delimiter: str) -> str:
    """A field as written: quoted where it would be mistaken for something else."""
    if value is None:
        return ""
    if delimiter in value or any(character in value for character in '"\r\n'):
        doubled = value.replace('"', '""')
        return f'"{doubled}"'
    return value


def _sum(rows: Iterable[Fields], total: ControlTotal) -> Decimal:
    """A control total over the rows; what cannot be read counts as an amount its text denotes."""
    counted = [
        row for row in rows if all(row[name] == value for name, value in total.where.items())
    ]
    amounts = (_read_amount(row[total.column]) for row in counted)
    return sum((amount for amount in amounts if amount is not None), Decimal("0.00"))


def _read_amount(value: str | None) -> Decimal | None:
    try:
        amount = Decimal(value or "")
    except InvalidOperation:
        return max(possible_amounts(value), default=None)
    return amount if amount.is_finite() and amount == round(amount, 2) else None
