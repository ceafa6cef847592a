"""The ledger of loads, and the plan made from it: which nights can be loaded, what is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import duckdb

from pipelines.contract import Contract, load_contracts
from pipelines.delivery import delivery_file
from pipelines.errors import BlockedNight
from pipelines.loading.examination import Examination
from pipelines.loading.landing import Delivery

ONE_DAY = timedelta(days=1)


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
    touches_from: date | None
    problem: str | None

    @property
    def is_active(self) -> bool:
        """Whether its rows count: loaded, and not superseded by a later rerun."""
        return self.status == "loaded" and self.superseded_by is None


def read_records(connection: duckdb.DuckDBPyConnection) -> list[LoadRecord]:
    """Every attempt, in order of load id."""
    rows = connection.execute(
        """select load_id, source || '.' || feed, business_date, sequence, rerun, status,
            superseded_by, sha256, touches_from, problem from ops.load order by load_id"""
    ).fetchall()
    return [LoadRecord(*row) for row in rows]


class Ledger:
    """The attempts so far, kept in memory while one process loads delivery after delivery.

    Whoever writes to the ledger enters it here too, once it is committed.
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
    touches_from: date | None = None,
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
        touches_from=touches_from,
        problem=problem,
    )


def record_load(
    connection: duckdb.DuckDBPyConnection,
    load_id: int,
    delivery: Delivery,
    examination: Examination,
    touches_from: date,
) -> None:
    """Enter a loaded file with the books of its rows and control totals."""
    rows = examination.rows
    assert rows is not None
    entry = _describe(load_id, delivery, "loaded", examination.sha256) | {
        "rows_delivered": rows.delivered,
        "rows_accepted": rows.accepted,
        "rows_quarantined": rows.quarantined,
        "rows_collapsed": rows.collapsed,
        "touches_from": touches_from,
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


@dataclass(frozen=True)
class NightPlan:
    """Business dates to load, in order, each with its waiting deliveries.

    ``blocked`` says why the next business date cannot be loaded yet; later ones wait behind it.
    """

    nights: tuple[tuple[date, tuple[Delivery, ...]], ...]
    blocked: BlockedNight | None


def plan_nights(
    connection: duckdb.DuckDBPyConnection,
    deliveries: Iterable[Delivery],
    contracts: Iterable[Contract] | None = None,
) -> NightPlan:
    """Plan which waiting business dates can be loaded.

    A business date is ready when it follows the last whole one without a gap, every mandatory
    feed is loaded or waits for it, and the sequence numbers of each feed continue. The first date
    that is not ready blocks itself and all later ones. Corrections of earlier dates are taken.

    Args:
        connection: the raw database.
        deliveries: complete deliveries of the landing folder, loaded ones included.
        contracts: contracts of all feeds; those of the project unless given.
    """
    every = load_contracts().values() if contracts is None else contracts
    progress = _Progress([c for c in every if c.mandatory])
    for record in read_records(connection):
        progress.enter(record)
    waiting = progress.find_waiting(deliveries)
    nights: list[tuple[date, tuple[Delivery, ...]]] = []
    for business_date in sorted(waiting.keys() | progress.find_partial_nights()):
        night = tuple(waiting.get(business_date, ()))
        blocked = progress.find_obstacle(business_date, night)
        if blocked is not None:
            return NightPlan(tuple(nights), blocked)
        progress.advance(business_date, night)
        if night:
            nights.append((business_date, night))
    return NightPlan(tuple(nights), None)


@dataclass
class _Progress:
    """What is loaded, or planned to be: feeds, sequence numbers and whole nights."""

    mandatory: Sequence[Contract]
    active: dict[tuple[str, date], LoadRecord] = field(default_factory=dict)
    refused: set[tuple[str, date, int, str]] = field(default_factory=set)
    sequences: dict[str, dict[date, int]] = field(default_factory=lambda: defaultdict(dict))
    last_whole: date | None = None

    def enter(self, record: LoadRecord) -> None:
        place = (record.feed, record.business_date)
        if record.is_active:
            self.active[place] = record
            self.sequences[record.feed][record.business_date] = record.sequence
            self._note_whole(record.business_date)
        elif record.status == "rejected":
            self.refused.add((*place, record.rerun, record.sha256))

    def _note_whole(self, business_date: date) -> None:
        if not self._find_missing(business_date) and (
            self.last_whole is None or business_date > self.last_whole
        ):
            self.last_whole = business_date

    def _find_missing(self, business_date: date) -> list[Contract]:
        return [c for c in self.mandatory if business_date not in self.sequences[c.name]]

    def find_waiting(self, deliveries: Iterable[Delivery]) -> dict[date, list[Delivery]]:
        """Deliveries that change something when loaded, by business date.

        Of several reruns of a date only the highest: it replaces the others anyway.
        """
        highest: dict[tuple[str, date], Delivery] = {}
        for delivery in filter(self._is_waiting, deliveries):
            place = (delivery.contract.name, delivery.control.business_date)
            known = highest.get(place)
            if known is None or known.control.rerun < delivery.control.rerun:
                highest[place] = delivery
        waiting: dict[date, list[Delivery]] = defaultdict(list)
        for (_, business_date), delivery in highest.items():
            waiting[business_date].append(delivery)
        return waiting

    def _is_waiting(self, delivery: Delivery) -> bool:
        control = delivery.control
        place = (delivery.contract.name, control.business_date)
        active = self.active.get(place)
        if active is None or control.rerun > active.rerun:
            return True
        is_known = (*place, control.rerun, control.sha256) in self.refused
        is_changed = control.rerun == active.rerun and control.sha256 != active.sha256
        return is_changed and not is_known

    def find_partial_nights(self) -> set[date]:
        """Business dates that are loaded in part: a mandatory feed is missing."""
        dates = {business_date for _, business_date in self.active}
        return {day for day in dates if self._find_missing(day)}

    def find_obstacle(self, business_date: date, night: Sequence[Delivery]) -> BlockedNight | None:
        """Why a business date cannot be loaded, if it cannot."""
        return (
            self._find_skipped_date(business_date)
            or self._find_missing_feed(business_date, night)
            or self._find_sequence_gap(business_date, night)
        )

    def _find_skipped_date(self, business_date: date) -> BlockedNight | None:
        if self.last_whole is None or business_date <= self.last_whole + ONE_DAY:
            return None
        skipped = self.last_whole + ONE_DAY
        files = ", ".join(str(delivery_file(contract, skipped)) for contract in self.mandatory)
        return BlockedNight(
            f"{business_date} waits: business date {skipped} was not delivered",
            f"Deliver {skipped}, at least {files}, then run the refresh again.",
        )

    def _find_missing_feed(
        self, business_date: date, night: Sequence[Delivery]
    ) -> BlockedNight | None:
        delivered = {delivery.contract.name for delivery in night}
        missing = [c for c in self._find_missing(business_date) if c.name not in delivered]
        if not missing:
            return None
        names = ", ".join(contract.name for contract in missing)
        files = ", ".join(str(delivery_file(contract, business_date)) for contract in missing)
        return BlockedNight(
            f"{business_date} waits for {names}",
            f"Deliver {files} with its control file, then run the refresh again.",
        )

    def _find_sequence_gap(
        self, business_date: date, night: Sequence[Delivery]
    ) -> BlockedNight | None:
        for delivery in night:
            expected = self._expected_sequence(delivery.contract.name, business_date)
            found = delivery.control.sequence
            if found != expected:
                return BlockedNight(
                    f"{business_date} waits: {delivery.file_name} of {delivery.contract.name} has"
                    f" sequence number {found} where {expected} is due",
                    _explain_gap(delivery, expected),
                )
        return None

    def _expected_sequence(self, feed: str, business_date: date) -> int:
        """The number of that date when it is loaded; else one more than the last number."""
        known = self.sequences[feed]
        return known.get(business_date, max(known.values(), default=0) + 1)

    def advance(self, business_date: date, night: Sequence[Delivery]) -> None:
        """Count a night as loaded."""
        for delivery in night:
            self.sequences[delivery.contract.name][business_date] = delivery.control.sequence
        self._note_whole(business_date)


def _explain_gap(delivery: Delivery, expected: int) -> str:
    if delivery.control.sequence > expected:
        return (
            f"Deliver the {delivery.contract.name} file with sequence number {expected}, of an"
            " earlier business date, then run the refresh again."
        )
    return (
        "Correct the sequence number in its control file: it counts the deliveries of the feed,"
        " and only a rerun of a business date repeats one."
    )
