"""What every step of one refresh is given."""

from __future__ import annotations

from dataclasses import dataclass

from bankcrm.settings import Settings
from pipelines.checks.waivers import Waiver
from pipelines.operations.runs import Run
from pipelines.refresh.waiting import Clock
from pipelines.refresh.watcher import Watcher


@dataclass(frozen=True)
class RefreshContext:
    """Settings, the run in the journal, and what the caller of the refresh asked for.

    ``waivers`` are those that count today; ``has_waited`` says that the run waited for the
    deadlines of its feeds, so that a feed that is missing now is late.
    """

    settings: Settings
    run: Run
    watcher: Watcher
    waivers: tuple[Waiver, ...]
    clock: Clock
    has_waited: bool
