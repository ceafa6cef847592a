"""The journal of operations: every run, step and decision, as events that are only ever appended.

It is a small SQLite file of its own, ``<home>/operations.db``: it survives a lost build and a
damaged warehouse, one process can read it while another writes, and triggers refuse to change or
delete what is written. Events are ordered by their number, never by the clock.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from bankcrm.clock import now

JOURNAL_NAME = "operations.db"
WAIT_SECONDS = 30.0

Kind = Literal[
    "run_started", "run_finished", "run_interrupted",
    "step_started", "step_finished", "step_failed",
    "waived", "waiver_revoked", "rolled_back", "publishing_held", "publishing_released",
    "backed_up", "restored", "released", "alert_failed",
]  # fmt: skip

SCHEMA = """
create table if not exists event (
    event_id integer primary key autoincrement,
    run_id integer,
    at text not null,
    kind text not null,
    name text not null,
    detail text not null
);
create index if not exists event_of_run on event (run_id);
create trigger if not exists event_is_never_changed before update on event
    begin select raise(abort, 'the journal is append-only'); end;
create trigger if not exists event_is_never_deleted before delete on event
    begin select raise(abort, 'the journal is append-only'); end;
"""


@dataclass(frozen=True)
class Event:
    """One entry. ``run_id`` is the number of the run it belongs to, if there was one; ``name``
    the command, step, rule or version it is about; ``at`` is UTC."""

    event_id: int
    run_id: int | None
    at: datetime
    kind: str
    name: str
    detail: dict[str, Any]


class Journal:
    """The journal of one home.

    Args:
        home: folder of all data; the file is created when the first event is written.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / JOURNAL_NAME

    def append(self, kind: Kind, name: str, run_id: int | None = None, **detail: Any) -> int:
        """Write one event, durably; returns its number."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        entry = (run_id, now().isoformat(), kind, name, json.dumps(detail, default=str))
        with self._open() as connection:
            connection.executescript(SCHEMA)
            cursor = connection.execute(
                "insert into event (run_id, at, kind, name, detail) values (?, ?, ?, ?, ?)", entry
            )
            connection.commit()
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def read(self, kind: Kind | None = None, since_run: int | None = None) -> list[Event]:
        """Events in the order they were written: of one kind, or of the runs from one on."""
        if not self.path.exists():
            return []
        query = """select event_id, run_id, at, kind, name, detail from event
            where (?1 is null or kind = ?1) and (?2 is null or run_id >= ?2)
            order by event_id"""
        with self._open() as connection:
            connection.executescript(SCHEMA)
            rows = connection.execute(query, (kind, since_run)).fetchall()
        return [_read_event(row) for row in rows]

    def last_run_id(self) -> int:
        """Number of the last run; 0 before the first."""
        if not self.path.exists():
            return 0
        with self._open() as connection:
            connection.executescript(SCHEMA)
            row = connection.execute("select coalesce(max(run_id), 0) from event").fetchone()
        return int(row[0])

    def copy_to(self, path: Path) -> None:
        """Write a whole copy of the journal, even while it is in use."""
        with self._open() as connection, closing(sqlite3.connect(path)) as copy:
            connection.backup(copy)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS)) as connection:
            connection.execute("pragma synchronous = full")
            yield connection


def _read_event(row: tuple[Any, ...]) -> Event:
    event_id, run_id, at, kind, name, detail = row
    return Event(event_id, run_id, datetime.fromisoformat(at), kind, name, json.loads(detail))
