"""Deadlines of feeds: until when a business date waits for one, and what is done when it did not
come.

The contract of a feed says when it is due after its business date and what follows when it is
late: ``wait`` (the business date waits on), ``stale`` (the business date is built without it) or
``block`` (people are alerted). This is the only place where the clock decides anything about data;
so a business date that skips a feed is written down (``ops.missed_delivery``), and a rerun on any
other clock finds the decision instead of making it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb

from bankcrm.errors import BlockedDate, MissedDeadline
from bankcrm.settings import Settings
from bankcrm.sql import fetch_row
from pipelines.contracts.contract import Contract, load_contracts
from pipelines.landing.delivery import name_files
from pipelines.landing.folder import Delivery, is_delivered

ONE_DAY = timedelta(days=1)
MISSED = """
create table if not exists ops.missed_delivery (
    feed varchar, business_date date, is_snapshot boolean
);
create view if not exists ops.stale_feed as
    with delivered as (
        select source || '.' || feed as feed, business_date from ops.whole_load
    )
    select feed, min(business_date) as since, count(*) as nights,
        (select max(business_date) from delivered where delivered.feed = missed.feed)
            as last_delivered
    from ops.missed_delivery as missed
    anti join delivered using (feed, business_date)
    where business_date <= (select max(business_date) from ops.complete_through)
        and not (is_snapshot and exists (
            from delivered
            where delivered.feed = missed.feed and delivered.business_date > missed.business_date
        ))
    group by feed;
"""
"""A later full snapshot makes up for one that never came; entries and changes are lacking until the
file of their own business date comes."""


@dataclass(frozen=True)
class StaleFeed:
    """A feed that business dates were built without: since which one, how many, its last
    delivery."""

    feed: str
    since: date
    nights: int
    last_delivered: date | None

    def describe(self) -> str:
        """The state of the feed as a sentence."""
        known = f"its last delivery is of {self.last_delivered}" if self.last_delivered else ""
        nights = f"{self.nights} business date{'s' if self.nights > 1 else ''}"
        return (
            f"{self.feed} is stale since {self.since}: {nights} built without it,"
            f" {known or 'it never came'}"
        )


@dataclass(frozen=True)
class Awaited:
    """A delivery that is due, and when."""

    contract: Contract
    business_date: date
    due: datetime

    @property
    def policy(self) -> str:
        """What follows when it is late: ``wait``, ``stale`` or ``block``."""
        assert self.contract.awaited is not None
        return self.contract.awaited.late


def deadline_of(contract: Contract, business_date: date) -> datetime | None:
    """When the feed is due for a business date, on the clock of the machine; None for a feed that
    nobody waits for."""
    deadline = contract.awaited
    if deadline is None:
        return None
    day = business_date + timedelta(days=deadline.days_after)
    return datetime.combine(day, deadline.due).astimezone()


def newest_due_date(moment: datetime) -> date:
    """The newest business date whose every awaited feed is due by now: what should be published.

    Every calendar date is a business date, weekends and holidays too: the feeds of a day without
    business come empty. Until the last deadline of the morning the business date before is not
    expected.

    Args:
        moment: when the question is asked; the deadlines are on the clock of the machine.
    """
    contracts = [c for c in load_contracts().values() if c.awaited is not None]
    day = moment.astimezone().date() - ONE_DAY
    while any((due := deadline_of(c, day)) is not None and due > moment for c in contracts):
        day -= ONE_DAY
    return day


def find_missing(
    settings: Settings, connection: duckdb.DuckDBPyConnection, moment: datetime
) -> Iterator[list[Awaited]]:
    """What is missing of each business date that should be there, in order; business dates that
    lack nothing are left out, and so are feeds whose absence was decided on.

    A business date is awaited from midnight on of the day on which a feed of its is due.

    Args:
        settings: where the landing folder lies.
        connection: the raw database.
        moment: when the question is asked.
    """
    known = _read_settled(connection)
    contracts = [c for c in load_contracts().values() if c.awaited is not None]
    day = _first_awaited(connection, settings, contracts, moment)
    while any(day <= _last_awaited(contract, moment) for contract in contracts):
        missing = [
            Awaited(contract, day, due)
            for contract in contracts
            if day <= _last_awaited(contract, moment)
            and (contract.name, day) not in known
            and not is_delivered(settings, contract, day)
            and (due := deadline_of(contract, day)) is not None
        ]
        if missing:
            yield missing
        day += ONE_DAY


def find_late_feeds(
    connection: duckdb.DuckDBPyConnection, deliveries: Sequence[Delivery], moment: datetime
) -> list[Awaited]:
    """Feeds of policy ``stale`` whose deadline has passed, by the business dates that skip them.

    Args:
        connection: the raw database.
        deliveries: complete deliveries of the landing folder.
        moment: when the question is asked.

    Returns:
        What is not decided yet; earlier decisions stand.
    """
    there = {(d.contract.name, d.control.business_date) for d in deliveries}
    there |= _read_settled(connection)
    contracts = [c for c in load_contracts().values() if c.awaited and c.awaited.late == "stale"]
    days = _dates_to_build(connection, {day for _, day in there}) if contracts else []
    return [
        Awaited(contract, day, due)
        for day in days
        for contract in contracts
        if (contract.name, day) not in there
        and (due := deadline_of(contract, day)) is not None
        and due <= moment
    ]


def skip_missing_feed(connection: duckdb.DuckDBPyConnection, late: Awaited) -> None:
    """Write down that a business date skips a feed."""
    connection.execute(
        "insert into ops.missed_delivery values ($1, $2, $3)",
        [late.contract.name, late.business_date, late.contract.delivery == "full"],
    )


def list_stale_feeds(connection: duckdb.DuckDBPyConnection) -> list[StaleFeed]:
    """Feeds that business dates up to the complete-through date were built without, and that did
    not come since."""
    rows = connection.execute(
        "select feed, since, nights, last_delivered from ops.stale_feed order by feed"
    ).fetchall()
    return [StaleFeed(*row) for row in rows]


def explain_late_date(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    moment: datetime,
    blocked: BlockedDate | None,
) -> BlockedDate | None:
    """Why the next business date waits, when it is because feeds missed their deadlines.

    Args:
        settings: where the landing folder lies.
        connection: the raw database, the complete-through date set.
        moment: when the question is asked.
        blocked: what is known to stand in the way of the next business date.

    Returns:
        MissedDeadline where the policy is ``block``, BlockedDate where it is ``wait``; ``blocked``
        as it is when something else stands in the way first.
    """
    missing = next(find_missing(settings, connection, moment), [])
    late = [one for one in missing if one.due <= moment]
    if not late:
        return blocked
    complete_through = _read_complete_through(connection)
    is_later = complete_through and late[0].business_date > complete_through + ONE_DAY
    if blocked is not None and is_later:
        return blocked
    return _explain_lateness(late)


def _explain_lateness(late: Sequence[Awaited]) -> BlockedDate:
    blocking = [one for one in late if one.policy == "block"]
    named = blocking or late
    feeds = ", ".join(f"{one.contract.name} (due {one.due:%Y-%m-%d %H:%M})" for one in named)
    day = named[0].business_date
    files = name_files([(one.contract, 0) for one in named], day)
    remedy = f"Deliver {files}; then run `bankcrm refresh`."
    if not blocking:
        return BlockedDate(f"{day} waits for {feeds}", remedy)
    return MissedDeadline(
        f"{day} is late: {feeds} was not delivered in time",
        f"{remedy} If business dates may skip the feed, its contract says so: `late: stale`.",
    )


def _read_settled(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, date]]:
    """Feeds and business dates that are loaded, or that are skipped."""
    rows = connection.execute(
        """select source || '.' || feed, business_date from ops.active_load
        union all select feed, business_date from ops.missed_delivery"""
    ).fetchall()
    return {(feed, day) for feed, day in rows}


def _first_awaited(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    contracts: Sequence[Contract],
    moment: datetime,
) -> date:
    """The business date after the last whole one; of a new bank, the first of which anything
    came."""
    complete_through = _read_complete_through(connection)
    if complete_through is not None:
        return complete_through + ONE_DAY
    newest = max((_last_awaited(c, moment) for c in contracts), default=moment.date())
    names = (path.name for path in settings.landing_folder.glob("*/*/*_r*.control.json"))
    dates = (date.fromisoformat(name.rpartition("_r")[0][-10:]) for name in names)
    return min(dates, default=newest)


def _last_awaited(contract: Contract, moment: datetime) -> date:
    assert contract.awaited is not None
    return moment.date() - timedelta(days=contract.awaited.days_after)


def _dates_to_build(connection: duckdb.DuckDBPyConnection, known: Iterable[date]) -> list[date]:
    """Every date from the last business date that was built on, to the last one of which anything
    came."""
    dates = sorted(known)
    if not dates:
        return []
    first = _read_complete_through(connection) or dates[0]
    return [first + ONE_DAY * n for n in range((dates[-1] - first).days + 1)]


def _read_complete_through(connection: duckdb.DuckDBPyConnection) -> date | None:
    query = "select max(business_date) from ops.complete_through"
    complete_through: date | None = fetch_row(connection, query)[0]
    return complete_through
