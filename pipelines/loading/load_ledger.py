"""The ledger of loads: every attempt to load a file, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

import duckdb

from pipelines.landing.folder import Delivery
from pipelines.validation.examination import Examination


@dataclass(frozen=True)
class LoadRecord:
    """What the ledger knows of one attempt to load a file. ``feed`` is ``source.feed``."""

    load_id: int
    feed: str
    business_date: date
    sequence: int
    rerun: int
    status: str
    superseded_by: int | None
    sha256: str
    earliest_affected_date: date | None
    problem: str | None

    @property
    def is_active(self) -> bool:
        """Whether its rows count: loaded, and not superseded by a later rerun."""
        return self.status == "loaded" and self.superseded_by is None


def read_records(connection: duckdb.DuckDBPyConnection) -> list[LoadRecord]:
    """Every attempt, in order of load id."""
    rows = connection.execute(
        """select load_id, source || '.' || feed, business_date, sequence, rerun, status,
            superseded_by, sha256, earliest_affected_date, problem from ops.load order by load_id"""
    ).fetchall()
    return [LoadRecord(*row) for row in rows]


class Ledger:
    """The attempts so far, kept in memory while one process loads delivery after delivery.

    A caller that writes to the ledger enters it here too, once it is committed.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._records: dict[tuple[str, date], dict[int, LoadRecord]] = defaultdict(dict)
        self._last_id = 0
        for record in read_records(connection):
            self.enter(record)

    @property
    def next_id(self) -> int:
        """One more than the last load id; the first is 1."""
        return self._last_id + 1

    def find(self, delivery: Delivery) -> list[LoadRecord]:
        """Every attempt for the feed and business date of a delivery, in order of load id."""
        place = (delivery.contract.name, delivery.control.business_date)
        return list(self._records[place].values())

    def enter(self, record: LoadRecord) -> None:
        """Add an attempt. A loaded file supersedes the active one of its feed and date."""
        known = self._records[record.feed, record.business_date]
        for earlier in known.values():
            if record.is_active and earlier.is_active:
                known[earlier.load_id] = replace(earlier, superseded_by=record.load_id)
        known[record.load_id] = record
        self._last_id = max(self._last_id, record.load_id)


def describe_attempt(
    load_id: int,
    delivery: Delivery,
    status: Literal["loaded", "rejected"],
    sha256: str,
    *,
    earliest_affected_date: date | None = None,
    problem: str | None = None,
) -> LoadRecord:
    """The record of an attempt made now."""
    control = delivery.control
    return LoadRecord(
        load_id=load_id,
        feed=delivery.contract.name,
        business_date=control.business_date,
        sequence=control.sequence,
        rerun=control.rerun,
        status=status,
        superseded_by=None,
        sha256=sha256,
        earliest_affected_date=earliest_affected_date,
        problem=problem,
    )


def record_load(
    connection: duckdb.DuckDBPyConnection,
    load_id: int,
    delivery: Delivery,
    examination: Examination,
    earliest_affected_date: date,
) -> None:
    """Enter a loaded file with the books of its rows and control totals."""
    rows = examination.rows
    assert rows is not None
    entry = _describe(load_id, delivery, "loaded", examination.sha256) | {
        "rows_delivered": rows.delivered,
        "rows_accepted": rows.accepted,
        "rows_quarantined": rows.quarantined,
        "rows_collapsed": rows.collapsed,
        "earliest_affected_date": earliest_affected_date,
    }
    _insert(connection, "ops.load", [entry])
    totals = [{"load_id": load_id} | vars(books) for books in examination.totals]
    if totals:
        _insert(connection, "ops.load_total", totals)


def record_rejection(
    connection: duckdb.DuckDBPyConnection,
    load_id: int,
    delivery: Delivery,
    sha256: str,
    problem: str,
) -> None:
    """Enter a rejected file; nothing of it was kept, so it has no row counts."""
    entry = _describe(load_id, delivery, "rejected", sha256) | {"problem": problem}
    _insert(connection, "ops.load", [entry])


def supersede(connection: duckdb.DuckDBPyConnection, earlier: int, later: int) -> None:
    """Mark a load as replaced by a later one."""
    connection.execute("update ops.load set superseded_by = ? where load_id = ?", [later, earlier])


def _describe(load_id: int, delivery: Delivery, status: str, sha256: str) -> dict[str, Any]:
    control = delivery.control
    return {
        "load_id": load_id,
        "source": control.source,
        "feed": control.feed,
        "file_name": delivery.file_name,
        "business_date": control.business_date,
        "sequence": control.sequence,
        "rerun": control.rerun,
        "schema_version": control.schema_version,
        "status": status,
        "sha256": sha256,
        "loaded_at": datetime.now(UTC).replace(tzinfo=None),
    }


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, entries: Sequence[dict[str, Any]]
) -> None:
    columns = list(entries[0])
    places = ", ".join("?" * len(columns))
    rows = f"values {', '.join([f'({places})'] * len(entries))}"
    if len(entries) == 1:
        # Planned faster than a list of one.
        rows = f"select {places}"
    values = [entry[column] for entry in entries for column in columns]
    connection.execute(f"insert into {table} ({', '.join(columns)}) {rows}", values)
