"""Examine one delivered file: split it, check its rows, balance its books. Stores nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from bankcrm.errors import RejectedDelivery
from bankcrm.files import hash_file
from bankcrm.sql import fetch_row
from pipelines.contracts.contract import Contract
from pipelines.landing.control import ControlFile, Label
from pipelines.landing.control_records import Trailer, read_control
from pipelines.validation import dispositions, fast_path
from pipelines.validation.control_totals import Books, balance_totals
from pipelines.validation.figures import (
    FileFigures,
    RowCounts,
    clean_figures,
    count_figures,
)
from pipelines.validation.file_rules import find_file_defects
from pipelines.validation.optional_fields import (
    count_nulled_fields,
    describe_nulled_fields,
    leave_fields_empty,
)
from pipelines.validation.source import (
    Source,
    explain_failure,
    number_lines,
    open_source,
    readable_sql,
    typed_sql,
)
from pipelines.validation.text_file import Workspace
from pipelines.validation.unreadable import UNREADABLE, is_unreadable

LARGEST_FILE = 4_000_000_000
"""Bytes of the largest file accepted after decompression, unless the caller says otherwise."""
TOO_LARGE = Decimal(10) ** 24
"""Control totals stay below this; more is no sum of amounts."""


@dataclass(frozen=True)
class Examination:
    """Result of examining a file. The temporary tables of the connection hold its rows.

    Without problems the file may be loaded. ``relation`` is SQL over the delivered text;
    ``nulled_fields`` counts the optional fields that were left empty, by rule;
    ``earliest_effective_date`` is the earliest date in the contract's effective column.
    """

    sha256: str
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    relation: str = ""
    rows: RowCounts | None = None
    totals: tuple[Books, ...] = ()
    broken_rules: dict[str, int] = field(default_factory=dict)
    nulled_fields: dict[str, int] = field(default_factory=dict)
    earliest_effective_date: date | None = None


def examine_file(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    contract: Contract,
    business_date: date,
    *,
    control: Label | None,
    max_bytes: int = LARGEST_FILE,
) -> Examination:
    """Check a file against its contract and, where there is one, its control file; or against its
    own trailer, if ``control`` is its header record.

    Args:
        connection: it receives the temporary tables of the file.
        path: data file.
        contract: feed of the file.
        business_date: business date of the file.
        control: control file or header record, None where there is none.
        max_bytes: most bytes to accept after decompression.
    """
    before = _stamp(path)
    sha256 = hash_file(path)
    stated = control if isinstance(control, ControlFile) else None
    problems = _compare_statement(contract, stated, sha256) if stated else []
    try:
        checked = _check_rows(connection, path, contract, business_date, max_bytes)
    except RejectedDelivery as rejection:
        return Examination(sha256, (*problems, *rejection.problems))
    if control is not None and checked.trailer is not None:
        stated, problems = read_control(checked.trailer, contract, control, sha256)
        problems += _compare_statement(contract, stated, sha256) if stated else []
    if _stamp(path) != before:
        problems.append("changed while it was read; write it elsewhere and move it here when whole")
    figures = checked.figures
    totals, differences = balance_totals(connection, contract, stated, figures.totals)
    broken_rules = _count_broken_rules(connection) if figures.rows.quarantined else {}
    problems += [*_compare_rows(stated, figures.rows), *differences]
    nulled = checked.nulled_fields
    all_rules = dict(Counter(broken_rules) + Counter(nulled))
    problems += find_file_defects(connection, contract, business_date, figures, all_rules)
    warnings = checked.warnings
    if nulled:
        warnings += describe_nulled_fields(connection, contract, checked.relation)
    return Examination(
        sha256,
        tuple(problems),
        warnings,
        checked.relation,
        figures.rows,
        totals,
        broken_rules,
        nulled,
        figures.earliest_effective_date,
    )


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class _CheckedRows:
    """The rows of a file once each is checked: SQL that yields them, and their figures."""

    relation: str
    warnings: tuple[str, ...]
    figures: FileFigures
    trailer: Trailer | None = None
    nulled_fields: dict[str, int] = field(default_factory=dict)


def _check_rows(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    contract: Contract,
    business_date: date,
    max_bytes: int,
) -> _CheckedRows:
    """Fill the temporary tables ``checked_row`` and, unless every row is accepted,
    ``disposition``."""
    with Workspace() as workspace:
        source = open_source(connection, path, contract, workspace, max_bytes)
        trailer = source.text.trailer if source.text else None
        figures = check_plain_rows(connection, source, contract, business_date)
        if figures is None:
            checked = _check_any_rows(connection, source, contract, business_date)
            return replace(checked, trailer=trailer)
        numbered = number_lines(connection, source, figures.rows.delivered)
    relation = dispositions.relation_sql(numbered, is_clean=True)
    return _CheckedRows(relation, source.warnings, figures, trailer)


def check_plain_rows(
    connection: duckdb.DuckDBPyConnection, source: Source, contract: Contract, business_date: date
) -> FileFigures | None:
    """Fill ``checked_row`` by the fast path; None when the file is not plain, or not clean.

    Returns:
        The figures that :func:`count_figures` would give.
    """
    text = source.text
    if text is None or not fast_path.is_plain(text, contract):
        return None
    try:
        connection.execute(fast_path.plain_rows_sql(contract, typed_sql(text, contract)))
    except UNREADABLE:
        return None
    statement = fast_path.plain_figures_sql(contract, business_date)
    has_defect, rows, *sums, earliest = fetch_row(connection, statement)
    return None if has_defect else clean_figures(rows, sums, earliest)


def _check_any_rows(
    connection: duckdb.DuckDBPyConnection, source: Source, contract: Contract, business_date: date
) -> _CheckedRows:
    """Fill ``checked_row`` by the general path, for every file and every defect."""
    try:
        statement = dispositions.checked_rows_sql(contract, source.sql, business_date)
        (rows,) = fetch_row(connection, statement)
    except duckdb.Error as error:
        if not is_unreadable(error):
            raise
        rejection = explain_failure(source, error)
        others = _check_readable_rows(connection, source, contract, business_date)
        problems = [*rejection.problems, *others]
        raise RejectedDelivery(rejection.file, problems, rejection.remedy) from error
    numbered = number_lines(connection, source, rows)
    bad, has_duplicate_keys = fetch_row(connection, dispositions.defects_sql(contract))
    has_defects = bad or has_duplicate_keys
    if has_defects:
        connection.execute(dispositions.dispositions_sql(contract, business_date))
        leave_fields_empty(connection, contract)
        (bad,) = fetch_row(connection, "select count(*) from disposition")
    is_clean = not bad and not has_duplicate_keys
    if has_duplicate_keys:
        connection.execute(dispositions.duplicate_keys_sql(contract))
        connection.execute(dispositions.ADD_DUPLICATE_KEYS)
    relation = dispositions.relation_sql(numbered, is_clean)
    figures = count_figures(connection, contract, relation, is_clean=is_clean)
    nulled_fields = count_nulled_fields(connection) if has_defects else {}
    return _CheckedRows(relation, source.warnings, figures, nulled_fields=nulled_fields)


def _check_readable_rows(
    connection: duckdb.DuckDBPyConnection, source: Source, contract: Contract, business_date: date
) -> list[str]:
    """What else is wrong with a file that cannot be split: rules its other rows break."""
    if source.text is None:
        return []
    readable = readable_sql(source.text, source.delimiter)
    try:
        connection.execute(dispositions.checked_rows_sql(contract, readable, business_date))
    except UNREADABLE:
        return []
    connection.execute(dispositions.dispositions_sql(contract, business_date))
    broken = _count_broken_rules(connection)
    return [
        f"besides, {count:,} of its other rows break '{rule}'" for rule, count in broken.items()
    ]


def _count_broken_rules(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Number of rows that break each rule."""
    broken = connection.execute(
        "select rule, count(*) from (select unnest(row_rules) as rule from disposition)"
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
        problems.append(f"{control.stated_by} lacks the totals {', '.join(missing)}")
    if unknown:
        problems.append(f"{control.stated_by} states unknown totals {', '.join(unknown)}")
    problems += [
        f"{control.stated_by} states {label} as {stated}: write an amount with two decimals"
        for label, stated in control.totals.items()
        if abs(stated) >= TOO_LARGE or stated != round(stated, 2)
    ]
    return problems


def _compare_rows(control: ControlFile | None, rows: RowCounts) -> list[str]:
    if control is None or control.rows == rows.delivered:
        return []
    return [f"has {rows.delivered:,} rows, {control.stated_by} states {control.rows:,}"]
