"""Examine one delivered file: split it, judge its rows, balance its books. Stores nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from bankcrm.errors import RejectedDelivery
from bankcrm.files import hash_file
from pipelines.contracts.contract import Contract
from pipelines.landing.control import ControlFile, Label
from pipelines.landing.control_records import Trailer, read_control
from pipelines.validation import fast_path as plain
from pipelines.validation import row_rules as verdict
from pipelines.validation.file_rules import Night, condemn_file
from pipelines.validation.source import (
    UNREADABLE,
    Source,
    explain_failure,
    is_unreadable,
    number_lines,
    open_source,
    readable_sql,
    typed_sql,
)
from pipelines.validation.text_file import Workspace

LARGEST_FILE = 4_000_000_000
"""Bytes of the largest file accepted after decompression, unless the caller says otherwise."""
TOO_LARGE = Decimal(10) ** 24
"""Control totals stay below this; more is no sum of amounts."""


@dataclass(frozen=True)
class Books:
    """Rows, or one control total, of a file: delivered = accepted + quarantined + collapsed."""

    label: str
    delivered: Decimal
    accepted: Decimal
    quarantined: Decimal
    collapsed: Decimal


@dataclass(frozen=True)
class RowCounts:
    """Delivered rows by fate."""

    delivered: int
    accepted: int
    quarantined: int
    collapsed: int


@dataclass(frozen=True)
class Examination:
    """Result of examining a file. The temporary tables of the connection hold its rows.

    Without problems the file may be loaded. ``relation`` is SQL over the delivered text;
    ``earliest_effect`` the earliest date in the contract's effective column.
    """

    sha256: str
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    relation: str = ""
    rows: RowCounts | None = None
    totals: tuple[Books, ...] = ()
    broken_rules: dict[str, int] = field(default_factory=dict)
    earliest_effect: date | None = None


def examine_file(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    contract: Contract,
    business_date: date,
    *,
    control: Label | None,
    max_bytes: int = LARGEST_FILE,
) -> Examination:
    """Judge a file against its contract and, where there is one, its control file; or against its
    own trailer, if ``control`` is its header record."""
    before = _stamp(path)
    sha256 = hash_file(path)
    stated = control if isinstance(control, ControlFile) else None
    problems = _compare_statement(contract, stated, sha256) if stated else []
    try:
        judged = _judge_rows(connection, path, contract, business_date, max_bytes)
    except RejectedDelivery as rejection:
        return Examination(sha256, (*problems, *rejection.problems))
    if control is not None and judged.trailer is not None:
        stated, problems = read_control(judged.trailer, contract, control, sha256)
        problems += _compare_statement(contract, stated, sha256) if stated else []
    if _stamp(path) != before:
        problems.append("changed while it was read; write it elsewhere and move it here when whole")
    figures = judged.figures
    rows = RowCounts(*figures[:4])
    totals, differences = _balance_totals(contract, stated, figures[4:-1])
    broken_rules = _count_broken_rules(connection) if rows.quarantined else {}
    problems += [*_compare_rows(stated, rows), *differences]
    night = Night(contract, business_date, rows.delivered, broken_rules, figures[-1])
    problems += condemn_file(connection, night)
    return Examination(
        sha256,
        tuple(problems),
        judged.warnings,
        judged.relation,
        rows,
        totals,
        broken_rules,
        figures[-1],
    )


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class _Judged:
    """Rows after the verdict; ``figures`` are those of :func:`verdict.figures_sql`."""

    relation: str
    warnings: tuple[str, ...]
    figures: tuple[Any, ...]
    trailer: Trailer | None = None


def _judge_rows(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    contract: Contract,
    business_date: date,
    max_bytes: int,
) -> _Judged:
    """Fill the temporary tables ``verdict`` and, unless every row is accepted, ``fate``."""
    with Workspace() as workspace:
        source = open_source(connection, path, contract, workspace, max_bytes)
        trailer = source.text.trailer if source.text else None
        figures = judge_plain_rows(connection, source, contract, business_date)
        if figures is None:
            judged = _judge_any_rows(connection, source, contract, business_date)
            return replace(judged, trailer=trailer)
        numbered = number_lines(connection, source, figures[0])
    relation = verdict.relation_sql(numbered, is_clean=True)
    return _Judged(relation, source.warnings, figures, trailer)


def judge_plain_rows(
    connection: duckdb.DuckDBPyConnection, source: Source, contract: Contract, business_date: date
) -> tuple[Any, ...] | None:
    """Fill ``verdict`` the short way; None when the file is not plain, or not clean.

    Returns:
        The figures that :func:`verdict.figures_sql` would give.
    """
    text = source.text
    if text is None or not plain.is_plain(text, contract):
        return None
    try:
        connection.execute(plain.plain_verdict_sql(contract, typed_sql(text, contract)))
    except UNREADABLE:
        return None
    statement = plain.plain_figures_sql(contract, business_date)
    has_fault, rows, *sums, earliest = _fetch_row(connection, statement)
    if has_fault:
        return None
    nothing = Decimal("0.00")
    books = [figure for accepted in sums for figure in (accepted, nothing, nothing, 0)]
    return (rows, rows, 0, 0, *books, earliest)


def _judge_any_rows(
    connection: duckdb.DuckDBPyConnection, source: Source, contract: Contract, business_date: date
) -> _Judged:
    """Fill ``verdict`` the long way, for every file and every fault."""
    try:
        statement = verdict.verdict_sql(contract, source.sql, business_date)
        (rows,) = _fetch_row(connection, statement)
    except duckdb.Error as error:
        if not is_unreadable(error):
            raise
        rejection = explain_failure(source, error)
        others = _judge_readable_rows(connection, source, contract, business_date)
        problems = [*rejection.problems, *others]
        raise RejectedDelivery(rejection.file, problems, rejection.remedy) from error
    numbered = number_lines(connection, source, rows)
    bad, has_twins = _fetch_row(connection, verdict.blemishes_sql(contract))
    is_clean = not bad and not has_twins
    if not is_clean:
        connection.execute(verdict.fate_sql(contract, business_date))
    if has_twins:
        connection.execute(verdict.twin_sql(contract))
        connection.execute(verdict.MERGE_TWINS)
    relation = verdict.relation_sql(numbered, is_clean)
    figures = _fetch_row(connection, verdict.figures_sql(contract, relation, is_clean))
    return _Judged(relation, source.warnings, figures)


def _judge_readable_rows(
    connection: duckdb.DuckDBPyConnection, source: Source, contract: Contract, business_date: date
) -> list[str]:
    """What else is wrong with a file that cannot be split: rules its other rows break."""
    if source.text is None:
        return []
    readable = readable_sql(source.text, source.delimiter)
    try:
        connection.execute(verdict.verdict_sql(contract, readable, business_date))
    except UNREADABLE:
        return []
    connection.execute(verdict.fate_sql(contract, business_date))
    broken = _count_broken_rules(connection)
    return [
        f"besides, {count:,} of its other rows break '{rule}'" for rule, count in broken.items()
    ]


def _fetch_row(connection: duckdb.DuckDBPyConnection, statement: str) -> tuple[Any, ...]:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row


def _count_broken_rules(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Number of rows that break each rule."""
    broken = connection.execute(
        "select rule, count(*) from (select unnest(row_rules) as rule from fate)"
        " group by rule order by rule"
    ).fetchall()
    return dict(broken)


def _compare_statement(contract: Contract, control: ControlFile, sha256: str) -> list[str]:
    problems = []
    if control.sha256 != sha256:
        problems.append("its SHA-256 differs from the control file's: it changed after it was sent")
    if control.schema_version != contract.schema_version:
        problems.append(
            f"schema version {control.schema_version}, the contract is {contract.schema_version}"
        )
    labels = [total.label for total in contract.control_totals]
    missing = [label for label in labels if label not in control.totals]
    unknown = [label for label in control.totals if label not in labels]
    if missing:
        problems.append(f"{control.told_by} lacks the totals {', '.join(missing)}")
    if unknown:
        problems.append(f"{control.told_by} states unknown totals {', '.join(unknown)}")
    problems += [
        f"{control.told_by} states {label} as {stated}: write an amount with two decimals"
        for label, stated in control.totals.items()
        if abs(stated) >= TOO_LARGE or stated != round(stated, 2)
    ]
    return problems


def _balance_totals(
    contract: Contract, control: ControlFile | None, figures: tuple[Any, ...]
) -> tuple[tuple[Books, ...], list[str]]:
    """Books of every control total, and the totals that differ from the control file."""
    books, problems = [], []
    for position, total in enumerate(contract.control_totals):
        accepted, quarantined, collapsed, unreadable = figures[4 * position : 4 * position + 4]
        counted = accepted + quarantined + collapsed
        declared = control.totals.get(total.label, counted) if control else counted
        if unreadable:
            quarantined = declared - accepted - collapsed
        elif control and declared != counted:
            problem = f"{total.label} sums to {counted}, {control.told_by} states {declared}"
            problems.append(problem)
        books.append(Books(total.label, declared, accepted, quarantined, collapsed))
    return tuple(books), problems


def _compare_rows(control: ControlFile | None, rows: RowCounts) -> list[str]:
    if control is None or control.rows == rows.delivered:
        return []
    return [f"has {rows.delivered:,} rows, {control.told_by} states {control.rows:,}"]
