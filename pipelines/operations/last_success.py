"""The heartbeat: a file that every refresh which succeeded writes, missed when none did.

``bankcrm heartbeat`` reads it from a scheduler of its own, so that a night on which nothing ran at
all is noticed too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from bankcrm.clock import now
from bankcrm.errors import NoSuccess
from bankcrm.files import write_durably
from bankcrm.settings import Settings

SUCCESS_NAME = "last_success.json"
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Success:
    """The last refresh that succeeded; ``version`` is None when it found nothing new."""

    run_id: int
    at: datetime
    version: str | None


def note_success(settings: Settings, run_id: int, version: str | None) -> None:
    """Write down that a refresh succeeded just now."""
    entry = {"run_id": run_id, "at": now().isoformat(), "version": version}
    write_durably(_success_file(settings), json.dumps(entry) + "\n")


def read_success(settings: Settings) -> Success | None:
    """The last refresh that succeeded, or None when none ever did."""
    path = _success_file(settings)
    if not path.exists():
        return None
    entry = json.loads(path.read_text(encoding="utf-8"))
    return Success(entry["run_id"], datetime.fromisoformat(entry["at"]), entry["version"])


def require_success(settings: Settings, by: time, moment: datetime | None = None) -> Success:
    """Make sure that a refresh succeeded within the day before the last deadline, or since.

    Args:
        settings: where everything lies.
        by: time of day, on the machine's clock, by which a refresh must have succeeded.
        moment: when the question is asked; now unless given.

    Raises:
        NoSuccess: naming the deadline that was missed and the last refresh that succeeded.
    """
    asked = (moment or datetime.now(UTC)).astimezone()
    deadline = asked.replace(hour=by.hour, minute=by.minute, second=0, microsecond=0)
    if deadline > asked:
        deadline -= ONE_DAY
    last = read_success(settings)
    if last is None or last.at <= deadline - ONE_DAY:
        known = f"the last was run {last.run_id} at {last.at:%F %H:%M} UTC" if last else "none ever"
        raise NoSuccess(
            f"No refresh succeeded by {deadline:%Y-%m-%d %H:%M}; {known}",
            "See `bankcrm status` and `bankcrm runs`, fix what they name, and run"
            " `bankcrm refresh`.",
        )
    return last


def _success_file(settings: Settings) -> Path:
    return settings.home / SUCCESS_NAME
