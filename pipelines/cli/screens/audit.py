"""``bankcrm audit``: the log on the screen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console

from bankcrm.audit import read_entries
from bankcrm.settings import Settings
from pipelines.cli.screens.tables import print_rows
from pipelines.operations.audit_check import check_audit_log, read_backup_anchor, read_head_text


def print_entries(
    console: Console, settings: Settings, action: str | None, actor: str | None, limit: int
) -> None:
    """Print the last entries, optionally those of one action or one actor."""
    found = [
        entry
        for entry in read_entries(settings)
        if action in (None, entry.action) and actor in (None, entry.actor)
    ]
    if not found:
        console.print("No such entry.")
        return
    rows = [
        (e.number, _read_time(e.at), e.action, e.actor, e.subject, _describe(e.details))
        for e in found[-limit:]
    ]
    columns = ("line", "at_UTC", "action", "actor", "subject", "details")
    print_rows(console, columns, rows, "Audit log")


def verify_and_print(
    console: Console, settings: Settings, heads: Sequence[str], backups: Sequence[Path]
) -> None:
    """Print how far the log reaches and what it was compared with.

    Raises:
        BrokenAuditLog: naming the first broken line.
    """
    others = [read_head_text(text) for text in heads]
    others += [read_backup_anchor(folder) for folder in backups]
    found = check_audit_log(settings, others)
    if found.error is not None:
        raise found.error
    if found.head is None:
        console.print("There is no entry yet.")
        return
    head = found.head
    console.print(
        f"Intact: {head.entries:,} lines. Heads compared that runs, versions and others noted:"
        f" {found.anchors:,}.\nHead: {head.log}:{head.entries}:{head.sha256}",
        highlight=False,
        soft_wrap=True,
    )


def _describe(details: dict[str, object]) -> str:
    values = (
        f"{name.replace('_', ' ')} {_as_text(value)}"
        for name, value in details.items()
        if value not in (None, "")
    )
    return "; ".join(values)


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_as_text, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _read_time(text: str) -> datetime | str:
    """The time of an entry without its zone, which is UTC; as it stands where it is no time."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except (ValueError, TypeError):
        return str(text)
