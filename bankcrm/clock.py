"""The clock of the machine: for people and for deadlines, never for the order of data."""

from __future__ import annotations

from datetime import UTC, date, datetime


def now() -> datetime:
    """The time of the clock, in UTC: for people, never for order."""
    return datetime.now(UTC).replace(microsecond=0)


def today() -> date:
    """The day of the clock, where the machine stands: for decisions that end on a day."""
    return datetime.now().astimezone().date()
