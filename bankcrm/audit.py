"""The audit log: who did what and when, as lines of JSON that are only ever appended.

Each line holds the SHA-256 of the line before it (of its bytes, without the line feed), so that a
line which is changed, added or taken out breaks the chain for everybody who reads it, with this
program or with any other. The first line of the first log holds zeros; the first line of a later
log holds the SHA-256 of the whole log before. Where the chain ends is written down elsewhere too
(:mod:`pipelines.operations.audit_check`), because a chain alone does not show that its end is
missing.

The journal is what the program reads; the audit log is for an auditor, and nothing reads it
in order to decide.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from bankcrm.clock import now
from bankcrm.files import sync
from bankcrm.settings import Settings

FOLDER_NAME = "audit"
LOCK_NAME = "lock"
LOG_PATTERN = "audit-[0-9][0-9][0-9][0-9].jsonl"
ORIGIN = "0" * 64
"""What the first line of the first log holds in place of a hash."""
TORN_ACTION = "line_torn"
TAIL_BYTES = 65_536


@dataclass(frozen=True)
class Entry:
    """One line. ``number`` counts the lines of its log from 1; ``at`` is UTC, for people;
    ``previous`` is the hash of the line before."""

    number: int
    at: str
    action: str
    actor: str
    subject: str
    details: dict[str, Any]
    previous: str

    def as_line(self) -> bytes:
        """The line as it stands in the log, with its line feed."""
        content = json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))
        return content.encode("utf-8", "backslashreplace") + b"\n"


@dataclass(frozen=True)
class Head:
    """How far a log reaches: the number of the log, of its lines, and the hash of the last one."""

    log: int
    entries: int
    sha256: str


def record(
    settings: Settings,
    action: str,
    actor: str,
    subject: str,
    details: Mapping[str, object] | None = None,
) -> Entry:
    """Append one entry, durably. Processes and threads may do so at the same time.

    A line that a crash tore is kept whole in the details of an entry of its own.

    Args:
        settings: where everything lies.
        action: what was done, as a word or two in the past: ``waiver_granted``.
        actor: who did it: a user of the machine, or the subject of a token.
        subject: what it was done to: a version, a feed, a pair of customers. No personal data.
        details: whatever else an auditor asks for; values JSON does not know become text.

    Raises:
        OSError: the entry could not be written; what it is about must not go on unrecorded.
    """
    folder = settings.home / FOLDER_NAME
    folder.mkdir(parents=True, exist_ok=True)
    plain = json.loads(json.dumps(dict(details or {}), default=str))
    with hold_audit_lock(settings, fcntl.LOCK_EX):
        path = log_file(settings, max(log_number(settings), 1))
        is_new = not path.exists()
        with path.open("x+b" if is_new else "r+b") as stream:
            entry = _append(stream, action, actor, subject, plain)
        if is_new:
            sync(folder)
    return entry


def acting_user() -> str:
    """The user of the machine that this process works for."""
    with suppress(KeyError, OSError):
        return getpass.getuser()
    return f"uid {os.getuid()}"


def log_file(settings: Settings, number: int) -> Path:
    """Path of a log by its number."""
    return settings.home / FOLDER_NAME / f"audit-{number:04d}.jsonl"


def log_number(settings: Settings) -> int:
    """Number of the log that is written now; 0 before the first entry."""
    paths = log_files(settings)
    return int(paths[-1].stem.rpartition("-")[2]) if paths else 0


def log_files(settings: Settings) -> list[Path]:
    """Every log, the oldest first."""
    return sorted((settings.home / FOLDER_NAME).glob(LOG_PATTERN))


def read_head(settings: Settings) -> Head | None:
    """How far the log reaches that is written now; None before the first entry."""
    with hold_audit_lock(settings, fcntl.LOCK_SH):
        number = log_number(settings)
        if not number:
            return None
        with log_file(settings, number).open("rb") as stream:
            entries, sha256, _ = _find_end(stream)
    return Head(number, entries, sha256) if entries else None


def read_lines(settings: Settings, number: int) -> Iterator[bytes]:
    """The lines of a log without their line feeds; a torn last line comes with a trailing NUL."""
    with log_file(settings, number).open("rb") as stream:
        for line in stream:
            yield line[:-1] if line.endswith(b"\n") else line + b"\0"


def read_entries(settings: Settings) -> list[Entry]:
    """Every entry of the log that is written now which can be read, in order."""
    number = log_number(settings)
    entries = []
    for line in read_lines(settings, number) if number else ():
        with suppress(ValueError, TypeError):
            entries.append(Entry(**json.loads(line)))
    return entries


def hash_line(line: bytes) -> str:
    """SHA-256 of a line without its line feed."""
    return hashlib.sha256(line).hexdigest()


@contextmanager
def hold_audit_lock(settings: Settings, kind: int) -> Iterator[None]:
    """Keep others from appending meanwhile; the kernel ends the lock in a crash.

    Args:
        settings: where everything lies.
        kind: ``fcntl.LOCK_EX`` to append, ``fcntl.LOCK_SH`` to read.
    """
    folder = settings.home / FOLDER_NAME
    if not folder.is_dir():
        yield
        return
    descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)


def _append(
    stream: BinaryIO, action: str, actor: str, subject: str, details: dict[str, Any]
) -> Entry:
    """Write the entry behind the last whole line, in one write; the caller holds the lock."""
    entries, previous, torn = _find_end(stream)
    content = b""
    if torn:
        text = torn.decode("utf-8", "backslashreplace")
        torn_entry = Entry(
            entries + 1, now().isoformat(), TORN_ACTION, acting_user(), "", {"text": text}, previous
        )
        content = torn_entry.as_line()
        entries, previous = torn_entry.number, hash_line(content[:-1])
    entry = Entry(entries + 1, now().isoformat(), action, actor, subject, details, previous)
    content += entry.as_line()
    # The entry about the torn line is longer than the line itself: nothing of it is left behind.
    stream.seek(-len(torn), os.SEEK_END)
    stream.write(content)
    stream.flush()
    os.fsync(stream.fileno())
    return entry


def _find_end(stream: BinaryIO) -> tuple[int, str, bytes]:
    """Number of lines, hash of the last whole one, and the bytes of a torn one behind it."""
    tail = _read_tail(stream)
    whole, feed, torn = tail.rpartition(b"\n")
    if not feed:
        return 0, ORIGIN, torn
    last = whole.rpartition(b"\n")[2]
    try:
        number = int(json.loads(last)["number"])
    except (ValueError, TypeError, KeyError):
        stream.seek(0)
        number = sum(line.endswith(b"\n") for line in stream)
    return number, hash_line(last), torn


def _read_tail(stream: BinaryIO) -> bytes:
    """The end of the log from the beginning of its last whole line on, or somewhat more."""
    size = stream.seek(0, os.SEEK_END)
    wanted = TAIL_BYTES
    while True:
        stream.seek(max(size - wanted, 0))
        tail = stream.read()
        # Two line feeds: the last whole line begins behind the first of them.
        if wanted >= size or tail.count(b"\n") > 1:
            return tail
        wanted *= 4
