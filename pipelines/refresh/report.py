"""What a refresh did: for the screen, the journal and the scheduler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from bankcrm.errors import BankcrmError, BlockedNight
from bankcrm.warehouse.rollup_states import RollupState
from pipelines.build.dbt import BuildReport
from pipelines.identity.link import LinkReport
from pipelines.loading.deadlines import Awaited, StaleFeed
from pipelines.loading.load import LoadResult
from pipelines.loading.quarantine import QuarantinedRow
from pipelines.parameters.changes import ParameterChange

OUTCOMES = {3: "rejected", 8: "held back", 13: "audit log broken", 14: "held", 15: "late"}
"""What the journal calls a run that ended with one of these exit codes; "waiting" for others."""


class Watcher(Protocol):
    """Whoever wants to see the refresh at work."""

    def loaded(self, result: LoadResult, done: int, total: int) -> None:
        """A delivery was loaded, skipped or rejected."""

    def built(self, node: str, done: int, total: int) -> None:
        """dbt finished a model or a test."""

    def waiting(self, missing: Sequence[Awaited]) -> None:
        """These deliveries are awaited until their deadlines."""


class Nobody:
    """A watcher that looks away."""

    def loaded(self, result: LoadResult, done: int, total: int) -> None:
        """Nothing."""

    def built(self, node: str, done: int, total: int) -> None:
        """Nothing."""

    def waiting(self, missing: Sequence[Awaited]) -> None:
        """Nothing."""


@dataclass
class RefreshReport:
    """What a refresh did.

    ``quarantined`` are the first rows turned away, at most 20 of them.
    ``version`` is None when nothing was published: nothing was new, or nothing is complete;
    ``held`` is a version that was built and is not published.
    ``problems`` are landing entries that no contract covers; ``blocked`` is the reason why a
    waiting business date could not be built; ``stale`` are feeds that nights were built without;
    ``refused_rollups`` differ from their facts and answer no query; ``notices`` say what else
    people have to know, the gravest first.
    """

    results: list[LoadResult] = field(default_factory=list)
    quarantined: list[QuarantinedRow] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    blocked: BlockedNight | None = None
    stale: list[StaleFeed] = field(default_factory=list)
    parameter_changes: list[ParameterChange] = field(default_factory=list)
    refresh_from: date | None = None
    business_date: date | None = None
    links: LinkReport | None = None
    version: str | None = None
    held: str | None = None
    notices: list[BankcrmError] = field(default_factory=list)
    build: BuildReport | None = None
    refused_rollups: list[RollupState] = field(default_factory=list)
    run_id: int = 0

    @property
    def rejected(self) -> list[LoadResult]:
        """Deliveries that were turned away whole."""
        return [result for result in self.results if result.status == "rejected"]

    @property
    def exit_code(self) -> int:
        """What a scheduler is told: 0, 3 for a rejected file, why a business date waits, or what
        else people have to know."""
        if self.rejected:
            return 3
        told = [self.blocked] if self.blocked is not None else self.notices
        return told[0].exit_code if told else 0

    @property
    def outcome(self) -> str:
        """The run in one word, as the journal keeps it."""
        if self.exit_code:
            return OUTCOMES.get(self.exit_code, "waiting")
        return "published" if self.version else "nothing new"


def describe_report(report: RefreshReport) -> dict[str, object]:
    """What the journal keeps of a report."""
    detail: dict[str, object] = {
        "version": report.version,
        "business_date": report.business_date,
        "exit_code": report.exit_code,
        "held": report.held,
        "stale": [stale.describe() for stale in report.stale] or None,
    }
    if report.rejected:
        detail["rejected"] = [
            {"file": r.file_name, "problems": list(r.problems)} for r in report.rejected
        ]
    told = [report.blocked, *report.notices] if report.blocked is not None else report.notices
    if told:
        detail |= {"problem": told[0].problem, "remedy": told[0].remedy}
    return {name: value for name, value in detail.items() if value is not None}


def describe_load(result: LoadResult) -> dict[str, object]:
    """What the log of the run keeps of a delivery."""
    return {
        "file": result.file_name,
        "feed": f"{result.source}.{result.feed}",
        "business_date": result.business_date,
        "status": result.status,
        "delivered": result.rows_delivered,
        "accepted": result.rows_accepted,
        "quarantined": result.rows_quarantined,
        "problems": list(result.problems),
        "rules": result.rules,
    }


def count_rows(report: RefreshReport) -> dict[str, int]:
    """Rows of all deliveries of the run."""
    return {
        "delivered": sum(result.rows_delivered for result in report.results),
        "accepted": sum(result.rows_accepted for result in report.results),
        "quarantined": sum(result.rows_quarantined for result in report.results),
        "rejected_files": len(report.rejected),
    }
