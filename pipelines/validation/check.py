"""Check a file before it is delivered: by the loader's rules, without the raw database."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from pydantic import ValidationError

from bankcrm.errors import BankcrmError, RejectedDelivery
from pipelines.contracts.contract import Contract, get_contract, load_contracts
from pipelines.landing.archive import DATA_SUFFIXES
from pipelines.landing.control import ControlFile, Label, control_path
from pipelines.landing.control_records import carries_records, read_label
from pipelines.landing.folder import compare_with_feed, compare_with_name
from pipelines.validation.control_totals import Books
from pipelines.validation.dispositions import quarantined_rows_sql
from pipelines.validation.examination import LARGEST_FILE, examine_file
from pipelines.validation.figures import RowCounts

SAMPLE_ROWS = 20
_STEM = re.compile(r"(?P<feed>[a-z0-9_]+)_(?P<date>\d{4}-\d{2}-\d{2})_r(?P<rerun>\d+)")


@dataclass(frozen=True)
class BadRow:
    """A row that would go into quarantine."""

    file_line: int
    rules: tuple[str, ...]
    fields: dict[str, str | None]


@dataclass(frozen=True)
class CheckReport:
    """What the loader would say about a file.

    ``problems`` would reject the file; ``rules`` counts the rows that would go into quarantine;
    ``bad_rows`` are the first of them. ``rows`` is None when the file cannot be split.
    """

    contract: Contract
    business_date: date
    has_control: bool
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    rows: RowCounts | None
    totals: tuple[Books, ...]
    rules: dict[str, int]
    bad_rows: tuple[BadRow, ...]

    @property
    def is_fit(self) -> bool:
        """Whether the file would be loaded with every row."""
        return not self.problems and not self.rules


def check_file(
    path: Path, contract: Contract | None = None, max_bytes: int = LARGEST_FILE
) -> CheckReport:
    """Check a file as the loader would, with or without its control file.

    Without a control file no counts, totals and hash are compared; a warning says so. A file that
    carries control records is compared with them.

    Args:
        path: data file.
        contract: its feed; found by the control file, the folder or the file name if absent.
        max_bytes: largest file accepted after decompression.

    Raises:
        BankcrmError: there is no such file, or nothing says which feed it is.
    """
    if not path.is_file():
        raise BankcrmError(f"There is no file {path}", "Name a data file to check.")
    control: Label | None
    control, problems = _read_control(path)
    contract = contract or _guess_contract(path, control)
    warnings = _compare_name(path, contract)
    if carries_records(path, contract.format):
        control, problems = _read_header_record(path, contract)
    elif control is None and not problems:
        warnings.append("no control file beside it: rows, totals and hash were not compared")
    business_date = _find_business_date(path, control)
    with duckdb.connect() as connection:
        examination = examine_file(
            connection, path, contract, business_date, control=control, max_bytes=max_bytes
        )
        bad_rows = _sample_bad_rows(connection, examination.relation)
    return CheckReport(
        contract=contract,
        business_date=business_date,
        has_control=control is not None,
        problems=(*problems, *examination.problems),
        warnings=(*warnings, *examination.warnings),
        rows=examination.rows,
        totals=examination.totals,
        rules=examination.broken_rules,
        bad_rows=bad_rows,
    )


def _read_control(path: Path) -> tuple[ControlFile | None, list[str]]:
    beside = control_path(path)
    if not beside.is_file():
        return None, []
    try:
        return ControlFile.model_validate_json(beside.read_bytes()), []
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()]
        return None, [f"{beside.name} is no control file: {'; '.join(faults)}"]


def _read_header_record(path: Path, contract: Contract) -> tuple[Label | None, list[str]]:
    """What the header record says, and where it contradicts the feed and the name of the file."""
    if control_path(path).is_file():
        return None, ["carries control records, and has a control file beside it: leave one out"]
    try:
        label = read_label(path, contract)
    except RejectedDelivery as rejection:
        return None, list(rejection.problems)
    if _STEM.fullmatch(path.name.split(".", 1)[0]) is None:
        return label, compare_with_feed(contract, label)
    return label, compare_with_name(contract, label, path)


def _guess_contract(path: Path, control: Label | None) -> Contract:
    """Feed by control file, by folder, or by a file name that only one source uses."""
    if control is not None:
        return get_contract(f"{control.source}.{control.feed}")
    contracts = load_contracts()
    folder = path.resolve().parent
    in_folder = contracts.get(f"{folder.parent.name}.{folder.name}")
    if in_folder is not None:
        return in_folder
    stem = _STEM.match(path.name)
    named = [c for c in contracts.values() if stem is not None and c.feed == stem["feed"]]
    if len(named) == 1:
        return named[0]
    candidates = ", ".join(c.name for c in named or contracts.values())
    remedy = f"Name it: --feed, one of {candidates}."
    raise BankcrmError(f"Nothing says which feed {path.name} is", remedy)


def _compare_name(path: Path, contract: Contract) -> list[str]:
    stem = _STEM.fullmatch(path.name.split(".", 1)[0])
    if stem is not None and stem["feed"] == contract.feed and path.name.endswith(DATA_SUFFIXES):
        return []
    return [
        f"deliver it as {contract.feed}_<business date>_r<rerun> with one of the suffixes"
        f" {', '.join(DATA_SUFFIXES)}"
    ]


def _find_business_date(path: Path, control: Label | None) -> date:
    """Date of the control file, the header record or the name; today's when none of them says
    it."""
    if control is not None:
        return control.business_date
    stem = _STEM.match(path.name)
    try:
        return date.fromisoformat(stem["date"]) if stem else date.today()
    except ValueError:
        return date.today()


def _sample_bad_rows(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[BadRow, ...]:
    if not relation:
        return ()
    rows: list[tuple[int, str, list[str]]] = connection.execute(
        quarantined_rows_sql(relation, SAMPLE_ROWS)
    ).fetchall()
    return tuple(_read_bad_row(*row) for row in rows)


def _read_bad_row(file_line: int, raw_row: str, rules: list[str]) -> BadRow:
    fields: dict[str, Any] = json.loads(raw_row)
    return BadRow(file_line, tuple(rules), fields)
