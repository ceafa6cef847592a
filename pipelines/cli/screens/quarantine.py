"""``bankcrm quarantine``: see the rows in quarantine, and deliver corrected ones again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from bankcrm.audit import acting_user, record
from bankcrm.settings import Settings
from pipelines.cli.screens.tables import print_rows
from pipelines.contracts.contract import get_contract
from pipelines.loading.quarantine import (
    NulledFields,
    QuarantinedRow,
    list_nulled_fields,
    list_quarantine,
    read_fields,
)
from pipelines.loading.raw import open_raw
from pipelines.loading.release import find_quarantined, release_rows, write_corrections
from pipelines.operations.journal import Journal
from pipelines.operations.lock import hold_lock
from pipelines.validation.remedies import remedy_of


def print_quarantine(console: Console, settings: Settings, feed: str | None, limit: int) -> None:
    """Print the rows in quarantine, newest first."""
    with open_raw(settings, with_vault=False) as connection:
        rows = list_quarantine(connection, feed, limit=limit)
        nulled = list_nulled_fields(connection, feed, limit)
    print_nulled_fields(console, nulled)
    if not rows:
        console.print("Nothing is in quarantine.")
        return
    columns = ("feed", "business_date", "line", "rules", "state")
    shown = [
        (row.feed, row.business_date, row.file_line, ", ".join(row.rules), _state(row))
        for row in rows
    ]
    print_rows(console, columns, shown, "Quarantine")


def print_nulled_fields(console: Console, nulled: Sequence[NulledFields]) -> None:
    """Print optional fields that were left empty, with what to change."""
    columns = ("file", "rule", "fields", "first_line", "remedy")
    shown = [
        (n.file_name, n.rule, n.fields, n.first_line, remedy_of(get_contract(n.feed), n.rule))
        for n in nulled
    ]
    if shown:
        print_rows(console, columns, shown, "Optional fields left empty")


def _state(row: QuarantinedRow) -> str:
    return "waits" if row.is_active else "superseded"


def print_quarantined_rows(
    console: Console, settings: Settings, feed: str, night: datetime, csv_file: Path | None
) -> None:
    """Print the quarantined rows of one night with their fields, or write them to be corrected."""
    contract = get_contract(feed)
    with open_raw(settings) as connection:
        rows = find_quarantined(connection, contract, night.date())
        fields = read_fields(connection, rows)
    if csv_file is not None:
        written = {"business_date": night.date(), "rows": len(rows), "file": csv_file}
        record(settings, "quarantine_exported", acting_user(), feed, written)
        write_corrections(fields, contract, csv_file)
        console.print(
            f"{len(rows)} rows written to {csv_file}. Correct them there, then "
            f"`bankcrm quarantine release {feed} --date {night:%F} --with {csv_file}`.",
            highlight=False,
        )
        return
    for row in rows:
        console.print(f"Line {row.file_line}: {', '.join(row.rules)}", markup=False)
        for name, value in fields[row.file_line].items():
            console.print(f"  {name:<24} {value or ''}", markup=False, highlight=False)


def release_quarantined_rows(
    console: Console, settings: Settings, feed: str, night: datetime, corrections: Path
) -> None:
    """Deliver a night's file again with corrected rows, and write down that it was done."""
    contract = get_contract(feed)
    with hold_lock(settings.home), open_raw(settings) as connection:
        release = release_rows(settings, connection, contract, night.date(), corrections)
    user = acting_user()
    done: dict[str, Any] = {
        "business_date": night.date(),
        "file": release.data_file.name,
        "corrected": release.corrected,
    }
    record(settings, "quarantine_released", user, feed, done)
    Journal(settings.home).append("released", feed, **done, released_by=user)
    console.print(
        f"Delivered {release.data_file.name}: {release.rows:,} rows, {release.corrected:,} of them "
        "corrected. Run `bankcrm refresh`.",
        highlight=False,
    )
