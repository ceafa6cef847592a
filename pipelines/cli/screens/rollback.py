"""``bankcrm rollback``: what it does and says."""

from __future__ import annotations

from rich.console import Console

from bankcrm.disk import named_disk_full
from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from pipelines.publishing.hold import read_hold, release_publishing
from pipelines.publishing.rollback import roll_back


def roll_back_and_print(console: Console, settings: Settings, to: str | None, reason: str) -> None:
    """Point readers at an earlier version, and say whether publishing is held from now on."""
    with named_disk_full("the rollback"):
        version = roll_back(settings, to, reason)
    console.print(f"Published is now [bold]{version}[/bold].")
    if read_hold(settings) is not None:
        console.print(
            "Publishing is held: a refresh builds and checks, and publishes nothing, until"
            " `bankcrm rollback --release --reason WHY`.",
            highlight=False,
        )


def release_and_print(console: Console, settings: Settings, to: str | None, reason: str) -> None:
    """End the hold.

    Raises:
        BankcrmError: a version is named too, no reason is given, or publishing is not held.
    """
    if to is not None:
        raise BankcrmError(
            "--release publishes nothing itself, so it takes no version",
            "Leave out --to; or roll back to that version without --release.",
        )
    release_publishing(settings, reason)
    console.print("Released. `bankcrm refresh` publishes what is built.", highlight=False)
