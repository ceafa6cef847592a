"""What the steps of one refresh share."""

from __future__ import annotations

from dataclasses import dataclass, field

from bankcrm.settings import Settings
from cube.compiler.rollup import Rollup
from pipelines.checks.waivers import Waiver
from pipelines.operations.runs import Run
from pipelines.refresh.report import (
    RefreshReport,
    Watcher,
)
from pipelines.refresh.waiting import Clock, MachineClock


@dataclass
class Refresh:
    """A refresh at work: what it was told, and what its steps found."""

    settings: Settings
    run: Run
    report: RefreshReport
    watcher: Watcher
    waivers: list[Waiver]
    clock: Clock = field(default_factory=MachineClock)
    is_waiting: bool = False
    whole_loads: list[int] = field(default_factory=list)
    links: str = ""
    rollups: tuple[Rollup, ...] = ()
