"""Is the audit log what was written? Its chain line by line, and its end against what others know.

How far the log reached is written down by every run in the journal, by every published version in
its manifest and by every backup in its note; a log whose end was cut off, or that was written again
from some line on, does not hold the line that they name. A reader who notes the head elsewhere (the
screen of ``bankcrm audit verify``, kept by somebody else) can compare with that too.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bankcrm.audit import (
    ORIGIN,
    Entry,
    Head,
    acting_user,
    hash_line,
    hold_audit_lock,
    log_file,
    log_number,
    read_lines,
)
from bankcrm.clock import now
from bankcrm.errors import BankcrmError, BrokenAuditLog, DamagedVersion
from bankcrm.files import hash_file, sync
from bankcrm.settings import Settings
from bankcrm.warehouse.manifest import read_manifest
from pipelines.operations.journal import Journal
from pipelines.operations.runs import AUDIT_HEAD

REMEDY = (
    "Find out who changed the log, and keep the file: compare it with that of the last backup. Then"
    " `bankcrm audit rotate --reason WHY` sets it aside and begins a new one that names it."
)
TORN_REMEDY = (
    "A process was cut short while it wrote the line. The next entry keeps what is left of it, for"
    " instance that of the next `bankcrm refresh`."
)
BACKUP_NOTE = "BACKUP.json"


@dataclass(frozen=True)
class Anchor:
    """Somebody who knows how far the log reached at some time."""

    place: str
    head: Head


@dataclass(frozen=True)
class AuditCheck:
    """What was found: how far the log reaches (None: there is none), how many anchors were
    compared, and the first thing that is wrong, with what to do about it."""

    head: Head | None
    anchors: int
    problem: str | None = None
    remedy: str = ""

    @property
    def error(self) -> BrokenAuditLog | None:
        """The finding as an error; None where the log is intact."""
        return BrokenAuditLog(self.problem, self.remedy) if self.problem else None


def check_audit_log(settings: Settings, others: Iterable[Anchor] = ()) -> AuditCheck:
    """Compare every line with the hash in the next one, and the lines that anchors name.

    Args:
        settings: where everything lies.
        others: anchors that are kept outside the home.
    """
    # Read before the lines: who writes meanwhile appends a line before it is named elsewhere.
    known = [*_find_anchors(settings), *others]
    with hold_audit_lock(settings, fcntl.LOCK_SH):
        number = log_number(settings)
        lines = list(read_lines(settings, number)) if number else []
        before = hash_file(log_file(settings, number - 1)) if number > 1 else ORIGIN
    anchors = [anchor for anchor in known if anchor.head.log >= number]
    torn = bool(lines) and lines[-1].endswith(b"\0")
    whole = lines[:-1] if torn else lines
    head = Head(number, len(whole), hash_line(whole[-1])) if whole else None
    name = log_file(settings, max(number, 1)).name
    problem = _find_broken_link(whole, before) or _find_missing_end(whole, number, anchors)
    if problem:
        return AuditCheck(head, len(anchors), f"{name}: {problem}", REMEDY)
    if torn:
        problem = f"{name}: line {len(lines)}, the last one, is torn: {len(lines[-1]) - 1:,} bytes"
        return AuditCheck(head, len(anchors), problem, TORN_REMEDY)
    return AuditCheck(head, len(anchors))


def rotate_audit_log(settings: Settings, reason: str) -> Entry:
    """Close the log as it is, intact or broken, and begin a new one whose first line names it.

    Raises:
        BankcrmError: there is no log yet, or no reason.
    """
    if not reason.strip():
        raise BankcrmError("Closing an audit log needs a reason", "Give one with --reason.")
    finding = check_audit_log(settings).problem or "intact"
    with hold_audit_lock(settings, fcntl.LOCK_EX):
        number = log_number(settings)
        if not number:
            raise BankcrmError("There is no audit log yet", "The next refresh begins one.")
        closed = log_file(settings, number)
        details = {"log": closed.name, "finding": finding, "reason": reason.strip()}
        entry = Entry(
            1, now().isoformat(), "log_closed", acting_user(), closed.name, details,
            hash_file(closed),
        )  # fmt: skip
        part = closed.with_suffix(".part")
        part.write_bytes(entry.as_line())
        sync(part)
        part.replace(log_file(settings, number + 1))
        sync(closed.parent)
    return entry


def read_head_text(text: str) -> Anchor:
    """An anchor written ``LOG:ENTRIES:SHA256``, as ``bankcrm audit verify`` prints it.

    Raises:
        BankcrmError: it is not written like that.
    """
    log, _, rest = text.partition(":")
    entries, _, sha256 = rest.partition(":")
    if not (log.isdecimal() and entries.isdecimal() and len(sha256) == len(ORIGIN)):
        raise BankcrmError(
            f"{text!r} is no head of an audit log",
            "Write LOG:ENTRIES:SHA256, as `bankcrm audit verify` prints it.",
        )
    return Anchor("the head given", Head(int(log), int(entries), sha256))


def read_backup_anchor(folder: Path) -> Anchor:
    """How far the log reached when a backup was made.

    Raises:
        BankcrmError: the folder is no backup, or was made before there was an audit log.
    """
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads((folder / BACKUP_NOTE).read_text(encoding="utf-8"))
        return Anchor(f"the backup {folder}", Head(**note["audit"]))
    raise BankcrmError(f"{folder} knows of no audit log", "Name a folder of `bankcrm backup`.")


def _find_broken_link(lines: list[bytes], before: str) -> str | None:
    """What is wrong with the first line that does not follow the line before it."""
    previous = before
    for number, line in enumerate(lines, start=1):
        problem = _check_line(number, line, previous)
        if problem:
            return f"line {number} {problem}"
        previous = hash_line(line)
    return None


def _check_line(number: int, line: bytes, previous: str) -> str | None:
    try:
        entry = Entry(**json.loads(line))
    except (ValueError, TypeError) as error:
        return f"is no entry: {error}"
    if entry.previous != previous:
        before = f"line {number - 1}" if number > 1 else "what stands before it"
        return (
            f"({entry.action} of {entry.at}) states that {before} has the hash"
            f" {str(entry.previous)[:12]}, and it has {previous[:12]}: {before} was changed, or"
            " lines were added or taken out between them"
        )
    if entry.number != number:
        return f"({entry.action} of {entry.at}) is numbered {entry.number}"
    return None


def _find_missing_end(lines: list[bytes], log: int, anchors: Iterable[Anchor]) -> str | None:
    """The first anchor that knows more, or another line, than the log has."""
    for anchor in anchors:
        known = anchor.head
        if known.log > log:
            return f"{anchor.place} knows audit-{known.log:04d}.jsonl, which is not there"
        if known.entries > len(lines):
            return (
                f"ends with line {len(lines)}, and {anchor.place} knows line {known.entries}: the"
                " end was cut off"
            )
        if hash_line(lines[known.entries - 1]) != known.sha256:
            return f"line {known.entries} is not the line that {anchor.place} knows"
    return None


def _find_anchors(settings: Settings) -> Iterator[Anchor]:
    """Everybody in the home who knows how far the log reached: versions and runs."""
    for path in sorted(settings.published_folder.glob("*.duckdb")):
        with suppress(DamagedVersion):
            manifest = read_manifest(path)
            yield from _read_anchor(f"version {path.stem}", manifest.audit if manifest else None)
    for event in Journal(settings.home).read("run_finished"):
        yield from _read_anchor(f"run {event.run_id}", event.detail.get(AUDIT_HEAD))


def _read_anchor(place: str, head: dict[str, Any] | None) -> Iterator[Anchor]:
    if head is not None:
        with suppress(TypeError):
            yield Anchor(place, Head(**head))
