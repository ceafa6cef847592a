"""Which business dates a refresh loads, in order, and what each of them waits for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import duckdb

from bankcrm.errors import BlockedDate
from pipelines.contracts.contract import Contract, load_contracts
from pipelines.landing.control import ControlFile
from pipelines.landing.delivery import name_files
from pipelines.landing.folder import Delivery
from pipelines.loading.load_ledger import LoadRecord, read_records

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class LoadPlan:
    """Business dates to load, in order, each with its waiting deliveries.

    ``blocked`` says why the next business date cannot be loaded yet; later ones wait behind it.
    """

    dates: tuple[tuple[date, tuple[Delivery, ...]], ...]
    blocked: BlockedDate | None


def plan_loads(
    connection: duckdb.DuckDBPyConnection,
    deliveries: Iterable[Delivery],
    contracts: Iterable[Contract] | None = None,
) -> LoadPlan:
    """Plan which waiting business dates can be loaded.

    A business date is ready when it follows the last whole one without a gap, every mandatory
    feed is loaded, waits for it or is skipped (``ops.missed_delivery``), and
    the sequence numbers of each feed continue. The first date that is not ready blocks itself and
    all later ones. Corrections of earlier dates are taken.

    Args:
        connection: the raw database.
        deliveries: complete deliveries of the landing folder, loaded ones included.
        contracts: contracts of all feeds; those of the project unless given.
    """
    every = load_contracts().values() if contracts is None else contracts
    missed = "select feed, business_date from ops.missed_delivery"
    skipped_feeds = set(connection.execute(missed).fetchall())
    progress = _Progress([c for c in every if c.mandatory], skipped_feeds)
    for record in read_records(connection):
        progress.enter(record)
    progress.count_skipped_dates()
    waiting = progress.find_waiting(deliveries)
    dates: list[tuple[date, tuple[Delivery, ...]]] = []
    for business_date in sorted(waiting.keys() | progress.find_partial_dates()):
        deliveries = tuple(waiting.get(business_date, ()))
        blocked = progress.find_obstacle(business_date, deliveries)
        if blocked is not None:
            return LoadPlan(tuple(dates), blocked)
        progress.advance(business_date, deliveries)
        if deliveries:
            dates.append((business_date, deliveries))
    return LoadPlan(tuple(dates), None)


@dataclass
class _Progress:
    """What is loaded, or planned to be: feeds, sequence numbers and whole business dates."""

    mandatory: Sequence[Contract]
    skipped_feeds: set[tuple[str, date]] = field(default_factory=set)
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

    def count_skipped_dates(self) -> None:
        """Count the business dates as whole of which every mandatory feed is skipped."""
        for _, business_date in self.skipped_feeds:
            self._note_whole(business_date)

    def _find_missing(self, business_date: date) -> list[Contract]:
        return [
            c
            for c in self.mandatory
            if business_date not in self.sequences[c.name]
            and (c.name, business_date) not in self.skipped_feeds
        ]

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
        if control.rerun < active.rerun or delivery.sha256 == active.sha256:
            return False
        return (*place, control.rerun, delivery.sha256) not in self.refused

    def find_partial_dates(self) -> set[date]:
        """Business dates that are loaded in part: a mandatory feed is missing."""
        dates = {business_date for _, business_date in self.active}
        return {day for day in dates if self._find_missing(day)}

    def find_obstacle(
        self, business_date: date, deliveries: Sequence[Delivery]
    ) -> BlockedDate | None:
        """Why a business date cannot be loaded, if it cannot."""
        return (
            self._find_skipped_date(business_date)
            or self._find_missing_feed(business_date, deliveries)
            or self._find_sequence_gap(business_date, deliveries)
        )

    def _find_skipped_date(self, business_date: date) -> BlockedDate | None:
        if self.last_whole is None or business_date <= self.last_whole + ONE_DAY:
            return None
        skipped = self.last_whole + ONE_DAY
        files = name_files([(c, 0) for c in self.mandatory], skipped)
        return BlockedDate(
            f"{business_date} waits: business date {skipped} was not delivered",
            f"Deliver {skipped}, at least {files}; then run `bankcrm refresh`.",
        )

    def _find_missing_feed(
        self, business_date: date, deliveries: Sequence[Delivery]
    ) -> BlockedDate | None:
        delivered = {delivery.contract.name for delivery in deliveries}
        missing = [c for c in self._find_missing(business_date) if c.name not in delivered]
        if not missing:
            return None
        names = ", ".join(contract.name for contract in missing)
        files = name_files([(contract, 0) for contract in missing], business_date)
        return BlockedDate(
            f"{business_date} waits for {names}",
            f"Deliver {files}; then run `bankcrm refresh`.",
        )

    def _find_sequence_gap(
        self, business_date: date, deliveries: Sequence[Delivery]
    ) -> BlockedDate | None:
        for delivery in deliveries:
            expected, latest = self._expected_sequence(delivery.contract.name, business_date)
            found = delivery.control.sequence
            if not expected <= found <= latest:
                return BlockedDate(
                    f"{business_date} waits: {delivery.file_name} of {delivery.contract.name} has"
                    f" sequence number {found} where {expected} is due",
                    _explain_gap(delivery, expected),
                )
        return None

    def _expected_sequence(self, feed: str, business_date: date) -> tuple[int, int]:
        """The least and the highest number a delivery may have.

        The number of that date when it is loaded; else one more than the last number. A business
        date that skips the feed may have taken a number or not: both are right for later business
        dates, and for its own file, when that comes after all, any number is that nobody else has
        taken.
        """
        known = self.sequences[feed]
        if business_date in known:
            return known[business_date], known[business_date]
        if (feed, business_date) in self.skipped_feeds:
            return self._free_sequences(feed, business_date)
        last_date = max(known, default=date.min)
        skipped = sum(f == feed and last_date < d < business_date for f, d in self.skipped_feeds)
        expected = max(known.values(), default=0) + 1
        return expected, expected + skipped

    def _free_sequences(self, feed: str, business_date: date) -> tuple[int, int]:
        """Numbers between those of the business dates before and after; behind the last if there
        are none."""
        known = self.sequences[feed]
        before = max((n for day, n in known.items() if day < business_date), default=0)
        after = min((n for day, n in known.items() if day > business_date), default=None)
        skipped = sum(f == feed for f, _ in self.skipped_feeds)
        if after is None:
            return before + 1, before + skipped
        if after - before > 1:
            return before + 1, after - 1
        last = max(known.values())
        return last + 1, last + skipped

    def advance(self, business_date: date, deliveries: Sequence[Delivery]) -> None:
        """Count a business date as loaded."""
        for delivery in deliveries:
            self.sequences[delivery.contract.name][business_date] = delivery.control.sequence
        self._note_whole(business_date)


def _explain_gap(delivery: Delivery, expected: int) -> str:
    if delivery.control.sequence > expected:
        return (
            f"Deliver the {delivery.contract.name} file with sequence number {expected}, of an"
            " earlier business date; then run `bankcrm refresh`."
        )
    stated = "control file" if isinstance(delivery.control, ControlFile) else "header record"
    return (
        f"Correct the sequence number in its {stated}: it counts the deliveries of the feed,"
        " and only a rerun of a business date repeats one."
    )
