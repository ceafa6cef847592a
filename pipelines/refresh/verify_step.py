"""Step verify: compare what was loaded with the books and the weeks before, and find the business
date through which everything is complete."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import duckdb

from bankcrm.errors import BankcrmError, BlockedDate, HeldDate
from pipelines.build.base import Base, read_base
from pipelines.checks.findings import Finding, choose_new, record_findings
from pipelines.checks.reconciliation import check_raw_books
from pipelines.checks.volume_checks import compare_with_weeks_before
from pipelines.loading.complete_through import explain_incomplete_date, set_complete_through
from pipelines.loading.deadlines import StaleFeed, explain_late_date, list_stale_feeds
from pipelines.monitoring.alerts import alert_about_warnings
from pipelines.operations.audit_check import check_audit_log
from pipelines.refresh.context import RefreshContext


@dataclass(frozen=True)
class Verified:
    """What may be built, and what is wrong beside it.

    ``business_date`` is the last one that may be built, None when there is none, or when readers
    would lose a published one; ``blocked`` says why the next one cannot be built; ``audit_error``
    that the audit log was changed, which blocks nothing; ``warnings`` are findings that do not
    hold a business date back.
    """

    base: Base
    business_date: date | None
    blocked: BlockedDate | None
    stale: tuple[StaleFeed, ...]
    audit_error: BankcrmError | None
    warnings: tuple[Finding, ...] = ()


def verify(
    context: RefreshContext, connection: duckdb.DuckDBPyConnection, blocked: BlockedDate | None
) -> Verified:
    """Verify what was loaded.

    Args:
        context: the refresh.
        connection: the raw database.
        blocked: why the plan of loads ends before the next business date, if it does.

    Raises:
        UnbalancedBooks: rows or amounts were lost between the ledger and the raw tables.
    """
    with context.run.step("verify") as figures:
        base = read_base(context.settings)
        figures["loads_compared"] = check_raw_books(connection, base.published_loads)
        found = _record_open_findings(context, connection, base)
        warnings = tuple(finding for finding in found if finding.severity == "warn")
        figures["findings"] = len(found) - len(warnings)
        figures["warnings"] = len(warnings)
        complete_through = set_complete_through(connection)
        blocked = blocked or _explain_blocked(connection, complete_through)
        stale = tuple(list_stale_feeds(connection))
        if context.has_waited and not isinstance(blocked, HeldDate):
            moment = context.clock.now()
            blocked = explain_late_date(context.settings, connection, moment, blocked)
        business_date = _keep_published_date(complete_through, base)
        audit = check_audit_log(context.settings)
        figures["complete_through"] = business_date
        figures["audit_entries"] = audit.head.entries if audit.head else 0
    return Verified(base, business_date, blocked, stale, audit.error, warnings)


def _record_open_findings(
    context: RefreshContext, connection: duckdb.DuckDBPyConnection, base: Base
) -> list[Finding]:
    """Record what the checks find, and send new warnings; returns what no waiver covers."""
    found = [
        replace(finding, is_waived=any(waiver.covers(*finding.place) for waiver in context.waivers))
        for finding in compare_with_weeks_before(connection, base.published_loads)
    ]
    for finding in found:
        context.run.log("finding", **vars(finding))
    is_open = [finding for finding in found if not finding.is_waived]
    new = choose_new(connection, (f for f in is_open if f.severity == "warn"))
    record_findings(connection, found)
    alert_about_warnings(context.settings, context.run.run_id, new)
    return is_open


def _explain_blocked(
    connection: duckdb.DuckDBPyConnection, complete_through: date | None
) -> BlockedDate | None:
    blocked = explain_incomplete_date(connection)
    if blocked is None and complete_through is None:
        return BlockedDate(
            "Nothing has been delivered yet",
            "Put deliveries into the landing folder, or make some with `bankcrm sample`.",
        )
    return blocked


def _keep_published_date(complete_through: date | None, base: Base) -> date | None:
    """The business date to build, None when it lies before the published one."""
    if complete_through and base.published_date and complete_through < base.published_date:
        return None
    return complete_through
