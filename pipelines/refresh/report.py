"""What a refresh did, folded from what its steps returned: for the screen, the journal and the
scheduler."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bankcrm.errors import BankcrmError, BlockedDate
from bankcrm.warehouse.rollup_states import RollupState
from pipelines.build.dbt import BuildReport
from pipelines.checks.findings import Finding
from pipelines.identity.link import LinkReport
from pipelines.loading.deadlines import StaleFeed
from pipelines.loading.load import LoadResult
from pipelines.loading.quarantine import QuarantinedRow
from pipelines.parameters.changes import ParameterChange
from pipelines.refresh.build_step import Built
from pipelines.refresh.link_step import Linked
from pipelines.refresh.load_step import Loaded
from pipelines.refresh.publish_step import Publication
from pipelines.refresh.receive_step import Received
from pipelines.refresh.verify_step import Verified

OUTCOMES = {3: "rejected", 8: "held back", 13: "audit log broken", 14: "held", 15: "late"}
"""What the journal calls a run that ended with one of these exit codes; "waiting" for others."""


@dataclass(frozen=True)
class RefreshReport:
    """What a refresh did.

    ``quarantined`` are the first rows in quarantine, at most 20 of them.
    ``version`` is None when nothing was published: nothing was new, or nothing is complete;
    ``held`` is a version that was built and is not published.
    ``problems`` are landing entries that no contract covers; ``blocked`` is the reason why a
    waiting business date could not be built; ``stale`` are feeds that business dates were built
    without; ``refused_rollups`` differ from their facts and answer no query; ``notices`` say what
    else people have to know, the gravest first; ``warnings`` are findings about deliveries that do
    not hold anything back.
    """

    run_id: int
    results: tuple[LoadResult, ...]
    quarantined: tuple[QuarantinedRow, ...]
    problems: tuple[str, ...]
    blocked: BlockedDate | None
    stale: tuple[StaleFeed, ...]
    parameter_changes: tuple[ParameterChange, ...]
    refresh_from: date | None
    business_date: date | None
    links: LinkReport | None
    version: str | None
    held: str | None
    notices: tuple[BankcrmError, ...]
    build: BuildReport | None
    refused_rollups: tuple[RollupState, ...]
    warnings: tuple[Finding, ...] = ()

    @property
    def rejected(self) -> list[LoadResult]:
        """Deliveries of which nothing was loaded."""
        return [result for result in self.results if result.status == "rejected"]

    @property
    def errors(self) -> tuple[BankcrmError, ...]:
        """What people have to act on, the gravest first."""
        return self.notices if self.blocked is None else (self.blocked, *self.notices)

    @property
    def exit_code(self) -> int:
        """Exit code of the run: 0; 3 for a rejected file; else that of the gravest error."""
        if self.rejected:
            return 3
        return self.errors[0].exit_code if self.errors else 0

    @property
    def outcome(self) -> str:
        """The run in one word, as the journal keeps it."""
        if self.exit_code:
            return OUTCOMES.get(self.exit_code, "waiting")
        return "published" if self.version else "nothing new"


def fold_report(
    run_id: int,
    *,
    received: Received,
    loaded: Loaded,
    verified: Verified,
    linked: Linked | None,
    built: Built | None,
    publication: Publication | None,
) -> RefreshReport:
    """The report of a refresh from what its steps returned; None for steps that had nothing to do.

    Args:
        run_id: number of the run in the journal.
        received: step receive.
        loaded: step load.
        verified: step verify.
        linked: step link.
        built: steps build and rollup.
        publication: step publish.
    """
    held = publication.held if publication else None
    notices = [error for error in (verified.audit_error, held) if error is not None]
    is_published = publication is not None and held is None
    return RefreshReport(
        run_id=run_id,
        results=loaded.results,
        quarantined=loaded.quarantined,
        problems=received.ignored,
        blocked=verified.blocked,
        stale=verified.stale,
        parameter_changes=verified.base.parameter_changes if linked else (),
        refresh_from=linked.refresh_from if linked else None,
        business_date=verified.business_date,
        links=linked.report if linked else None,
        version=publication.version if publication and is_published else None,
        held=publication.version if publication and held else None,
        notices=tuple(notices),
        build=BuildReport(built.build.nodes, built.build.seconds) if built else None,
        refused_rollups=_choose_refused(built, publication),
        warnings=verified.warnings,
    )


def _choose_refused(
    built: Built | None, publication: Publication | None
) -> tuple[RollupState, ...]:
    """Refused rollups of the published version; of a held build, those that were refused now."""
    if publication is not None and publication.held is None:
        return publication.refused_rollups
    return built.refused_rollups if built else ()


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
    if report.errors:
        gravest = report.errors[0]
        detail |= {"problem": gravest.problem, "remedy": gravest.remedy}
    return {name: value for name, value in detail.items() if value is not None}
