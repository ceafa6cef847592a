"""``bankcrm refresh --wait``: wait until the feeds of the business date are there, or their
deadlines have passed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from bankcrm.settings import Settings
from pipelines.landing.folder import is_delivered
from pipelines.loading.deadlines import Awaited, find_missing
from pipelines.loading.raw import open_raw

POLL_SECONDS = 15.0


class Clock(Protocol):
    """The time, for deadlines only."""

    def now(self) -> datetime:
        """The moment, on the clock of the machine, with its zone."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class MachineClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The moment, with the zone of the machine."""
        return datetime.now(UTC).astimezone()

    def sleep(self, seconds: float) -> None:
        """Let time pass; SIGTERM ends it."""
        time.sleep(seconds)


class OnWait(Protocol):
    """Told what is awaited, each time that changes."""

    def waiting(self, missing: Sequence[Awaited]) -> None:
        """These deliveries are awaited until the last of their deadlines."""


def wait_for_deliveries(settings: Settings, clock: Clock, watcher: OnWait) -> None:
    """Return when every feed of every business date that is due has come, or missed its deadline.

    Business dates come in order: one that is late and must not skip its feed ends the waiting,
    whatever is due after it. The raw database is asked again only when a file came or a deadline
    passed; in between, only the folders of what is missing are looked at.

    Args:
        settings: where everything lies.
        clock: the time.
        watcher: called with what is awaited.

    Raises:
        Busy: a refresh holds the raw database.
    """
    while missing := find_awaited(settings, clock.now()):
        watcher.waiting(missing)
        deadline = min(one.due for one in missing)
        while clock.now() < deadline and not _has_news(settings, missing):
            left = (deadline - clock.now()).total_seconds()
            clock.sleep(max(min(POLL_SECONDS, left), 0.0))


def _has_news(settings: Settings, missing: Sequence[Awaited]) -> bool:
    return any(is_delivered(settings, one.contract, one.business_date) for one in missing)


def find_awaited(settings: Settings, moment: datetime) -> list[Awaited]:
    """What the first business date still waits for that can wait; empty where there is nothing to
    wait for, or nothing to be gained by it."""
    with open_raw(settings, with_vault=False) as connection:
        for missing in find_missing(settings, connection, moment):
            if any(one.due <= moment and one.policy != "stale" for one in missing):
                return []
            in_time = [one for one in missing if one.due > moment]
            if in_time:
                return in_time
    return []
