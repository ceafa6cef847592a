"""Publishing is held after a rollback, until it is released.

Without that the next refresh, a quarter of an hour later, would build from the same deliveries what
was just rolled back, and publish it again. While it is held, a refresh still loads, builds and
checks, and keeps the build, so that a release is followed by its publication within seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bankcrm.audit import acting_user, record
from bankcrm.errors import BankcrmError, PublishingHeld
from bankcrm.settings import Settings
from pipelines.operations.journal import Journal


@dataclass(frozen=True)
class Hold:
    """The decision that nothing is published: since which rollback, why, and whose it was."""

    version: str
    reason: str
    held_by: str
    held_at: datetime

    def describe(self) -> str:
        """The hold as a sentence."""
        why = f": {self.reason}" if self.reason else ""
        return (
            f"Publishing is held since {self.held_by} rolled back to {self.version} at"
            f" {self.held_at:%Y-%m-%d %H:%M} UTC{why}"
        )

    def as_error(self, built: str) -> PublishingHeld:
        """What a refresh says that built a version and does not publish it."""
        return PublishingHeld(
            f"{self.describe()}. Version {built} is built and checked, and waits",
            "When what was wrong is fixed, or proved right: `bankcrm rollback --release --reason"
            " WHY`, then `bankcrm refresh`, which publishes it.",
        )


def read_hold(settings: Settings) -> Hold | None:
    """The hold that stands, or None."""
    journal = Journal(settings.home)
    held, released = journal.read("publishing_held"), journal.read("publishing_released")
    if not held or (released and released[-1].event_id > held[-1].event_id):
        return None
    last = held[-1]
    return Hold(last.name, last.detail["reason"], last.detail["held_by"], last.at)


def hold_publishing(settings: Settings, version: str, reason: str) -> None:
    """Hold publishing after a rollback to a version."""
    Journal(settings.home).append("publishing_held", version, reason=reason, held_by=acting_user())


def release_publishing(settings: Settings, reason: str) -> Hold:
    """End the hold; the next refresh publishes.

    Raises:
        BankcrmError: publishing is not held, or no reason is given.
    """
    hold = read_hold(settings)
    if hold is None:
        raise BankcrmError("Publishing is not held", "`bankcrm refresh` publishes what is new.")
    if not reason.strip():
        raise BankcrmError("A release needs a reason", "Give one with --reason.")
    details = {"reason": reason.strip(), "held_by": hold.held_by, "held_for": hold.reason}
    record(settings, "publishing_released", acting_user(), hold.version, details)
    Journal(settings.home).append(
        "publishing_released", hold.version, reason=reason.strip(), released_by=acting_user()
    )
    return hold
