"""What a refresh did: for the screen, the journal and the scheduler."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from cube.server.rollup_state import RollupState
from pipelines.build import BuildReport
from pipelines.errors import BlockedNight
from pipelines.identity.link import LinkReport
from pipelines.loading.load import LoadResult
from pipelines.loading.quarantine import QuarantinedRow
from pipelines.parameters.changes import ParameterChange


class Watcher(Protocol):
    """Whoever wants to see the refresh at work."""

    def loaded(self, result: LoadResult, done: int, total: int) -> None:
        """A delivery was loaded, skipped or rejected."""

    def built(self, node: str, done: int, total: int) -> None:
        """dbt finished a model or a test."""


class Nobody:
    """A watcher that looks away."""

    def loaded(self, result: LoadResult, done: int, total: int) -> None:
        """Nothing."""

    def built(self, node: str, done: int, total: int) -> None:
        """Nothing."""


@dataclass
class RefreshReport:
    """What a refresh did.

    ``quarantined`` are the first rows turned away, at most 20 of them.
    ``version`` is None when nothing was published: nothing was new, or nothing is complete.
    ``problems`` are landing entries that no contract covers; ``blocked`` is the reason why a
    waiting business date could not be built.
    ``refused_rollups`` differ from their facts and answer no query.
    """

    results: list[LoadResult] = field(default_factory=list)
    quarantined: list[QuarantinedRow] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    blocked: BlockedNight | None = None
    parameter_changes: list[ParameterChange] = field(default_factory=list)
    refresh_from: date | None = None
    business_date: date | None = None
    links: LinkReport | None = None
    version: str | None = None
    build: BuildReport | None = None
    refused_rollups: list[RollupState] = field(default_factory=list)
    run_id: int = 0

    @property
    def rejected(self) -> list[LoadResult]:
        """Deliveries that were turned away whole."""
        return [result for result in self.results if result.status == "rejected"]

    @property
    def exit_code(self) -> int:
        """What a scheduler is told: 0, 3 for a rejected file, else why a business date waits."""
        if self.rejected:
            return 3
        return self.blocked.exit_code if self.blocked is not None else 0

    @property
    def outcome(self) -> str:
        """The run in one word, as the journal keeps it."""
        if self.exit_code:
            return {3: "rejected", 8: "held back"}.get(self.exit_code, "waiting")
        return "published" if self.version else "nothing new"


def describe_report(report: RefreshReport) -> dict[str, object]:
    """What the journal keeps of a report."""
    detail: dict[str, object] = {
        "version": report.version,
        "business_date": report.business_date,
        "exit_code": report.exit_code,
    }
    if report.rejected:
        detail["rejected"] = [
            {"file": r.file_name, "problems": list(r.problems)} for r in report.rejected
        ]
    if report.blocked is not None:
        detail |= {"problem": report.blocked.problem, "remedy": report.blocked.remedy}
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
