"""The first half of a refresh: receive, load, verify and link what was delivered."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import chain

import duckdb

from bankcrm.audit import acting_user, record
from bankcrm.disk import require_space
from bankcrm.errors import BlockedNight, HeldNight
from bankcrm.warehouse.fingerprint import fingerprint_table
from pipelines.build.base import Base, find_first_day, read_base
from pipelines.checks.reconciliation import check_raw_books
from pipelines.checks.volume_checks import compare_with_weeks_before, record_findings
from pipelines.identity.link import link_customers
from pipelines.landing.folder import Delivery, find_deliveries
from pipelines.loading.deadlines import (
    explain_late_night,
    find_late_feeds,
    go_on_without,
    list_stale_feeds,
)
from pipelines.loading.horizon import explain_horizon, set_horizon
from pipelines.loading.load import Loader
from pipelines.loading.night_plan import NightPlan, plan_nights
from pipelines.loading.quarantine import QuarantinedRow, list_quarantine
from pipelines.loading.raw import open_raw
from pipelines.monitoring.alerts import (
    alert_about_card_numbers,
)
from pipelines.operations.audit_check import check_audit_log
from pipelines.privacy.erasure import apply_erasures
from pipelines.publishing.audit_entries import record_found_version
from pipelines.publishing.publish import (
    remove_leftovers,
)
from pipelines.refresh.report import (
    RefreshReport,
    count_rows,
    describe_load,
)
from pipelines.refresh.run import Refresh

logger = logging.getLogger("bankcrm.refresh")
MOST_ROWS_SHOWN = 20

LOADED_FACTOR = 24
"""Most bytes that the raw database may grow by, for one byte of a compressed delivery."""


def take_in(work: Refresh, one_night: bool) -> Base:
    """Steps receive, load, verify and link: from the landing folder to what may be built."""
    run, report = work.run, work.report
    with open_raw(work.settings) as connection:
        with run.step("receive") as figures:
            plan = _receive(work, connection, one_night)
            files = sum(len(night) for _, night in plan.nights)
            figures.update(nights=len(plan.nights), files=files)
        with run.step("load") as figures:
            figures["seconds_judging"] = _load_nights(work, connection, plan)
            figures.update(count_rows(report))
        with run.step("verify") as figures:
            base = read_base(work.settings)
            figures["loads_compared"] = check_raw_books(connection, base.published_loads)
            figures["findings"] = _judge_nights(work, connection, base)
            _set_horizon(connection, report, base)
            _judge_lateness(work, connection)
            figures["horizon"] = report.business_date
            figures["audit_entries"] = _check_audit_log(work)
        if report.business_date is not None:
            with run.step("link") as figures:
                figures.update(_link(work, connection, base))
    return base


def _judge_lateness(work: Refresh, connection: duckdb.DuckDBPyConnection) -> None:
    """What is stale; and, where the run has waited, what did not come by its deadline."""
    report, moment = work.report, work.clock.now()
    report.stale = list_stale_feeds(connection)
    if work.is_waiting and not isinstance(report.blocked, HeldNight):
        report.blocked = explain_late_night(work.settings, connection, moment, report.blocked)


def _excuse_late_feeds(
    work: Refresh, connection: duckdb.DuckDBPyConnection, deliveries: Sequence[Delivery]
) -> None:
    """Go on without the feeds whose policy says so; who decided is the contract."""
    for late in find_late_feeds(connection, deliveries, work.clock.now()):
        details = {"business_date": late.business_date, "due": late.due.isoformat()}
        record(work.settings, "deadline_missed", acting_user(), late.contract.name, details)
        go_on_without(connection, late)


def _check_audit_log(work: Refresh) -> int:
    """Make sure that nobody changed the audit log; a broken one stops nobody's night."""
    found = check_audit_log(work.settings)
    if found.error is not None:
        work.report.notices.append(found.error)
    return found.head.entries if found.head else 0


def _link(work: Refresh, connection: duckdb.DuckDBPyConnection, base: Base) -> dict[str, object]:
    """Find who is one customer, and with that how far back the build must reach."""
    report = work.report
    erased = apply_erasures(connection, work.settings)
    report.links = link_customers(connection)
    report.parameter_changes = list(base.parameter_changes)
    report.refresh_from = find_first_day(connection, base)
    work.whole_loads = _read_whole_loads(connection)
    work.links = str(fingerprint_table(connection, "identity.link"))
    return vars(report.links) | {"refresh_from": report.refresh_from, "values_erased": erased}


def _receive(work: Refresh, connection: duckdb.DuckDBPyConnection, one_night: bool) -> NightPlan:
    settings = work.settings
    record_found_version(settings)
    for path in remove_leftovers(settings):
        logger.warning("removed %s, left by a run that was cut short", path)
    found = find_deliveries(settings)
    work.report.problems.extend(found.problems)
    _excuse_late_feeds(work, connection, found.deliveries)
    plan = plan_nights(connection, found.deliveries)
    work.report.blocked = plan.blocked
    nights = plan.nights[:1] if one_night else plan.nights
    waiting = sum(d.data_file.stat().st_size for _, night in nights for d in night)
    if waiting:
        needed = waiting * LOADED_FACTOR + settings.disk_reserve_bytes
        purpose = f"Loading {waiting / 1e6:,.1f} MB of deliveries"
        require_space(settings.raw_file.parent, needed, purpose)
    return NightPlan(nights, plan.blocked)


def _load_nights(work: Refresh, connection: duckdb.DuckDBPyConnection, plan: NightPlan) -> float:
    """Load every planned delivery; returns the seconds spent on verdicts."""
    results = work.report.results
    total = sum(len(deliveries) for _, deliveries in plan.nights)
    with Loader(connection, work.settings.max_file_bytes) as loader:
        for delivery in chain.from_iterable(deliveries for _, deliveries in plan.nights):
            result = loader.load(delivery)
            results.append(result)
            work.run.log("delivery", **describe_load(result))
            work.watcher.loaded(result, len(results), total)
    alert_about_card_numbers(work.settings, work.run.run_id, results)
    work.report.quarantined = _list_quarantined(connection, work.report)
    return round(loader.seconds_judging, 3)


def _list_quarantined(
    connection: duckdb.DuckDBPyConnection, report: RefreshReport
) -> list[QuarantinedRow]:
    rows: list[QuarantinedRow] = []
    for result in report.results:
        if result.rows_quarantined and len(rows) < MOST_ROWS_SHOWN:
            limit = MOST_ROWS_SHOWN - len(rows)
            rows += list_quarantine(connection, load_id=result.load_id, limit=limit)
    return rows


def _judge_nights(work: Refresh, connection: duckdb.DuckDBPyConnection, base: Base) -> int:
    """Record what holds nights back; returns how many findings no waiver covers."""
    found = compare_with_weeks_before(connection, base.published_loads)
    open_findings = [
        finding
        for finding in found
        if not any(waiver.covers(finding.rule, finding.business_date) for waiver in work.waivers)
    ]
    for finding in found:
        is_waived = finding not in open_findings
        work.run.log("finding", is_waived=is_waived, **vars(finding))
    record_findings(connection, open_findings)
    return len(open_findings)


def _set_horizon(connection: duckdb.DuckDBPyConnection, report: RefreshReport, base: Base) -> None:
    """Set the business date that may be built; None when readers would lose a published one."""
    horizon = set_horizon(connection)
    report.blocked = report.blocked or explain_horizon(connection)
    if horizon is None and report.blocked is None:
        report.blocked = BlockedNight(
            "Nothing has been delivered yet",
            "Put deliveries into the landing folder, or make some with `bankcrm sample`.",
        )
    goes_back = horizon and base.published_date and horizon < base.published_date
    report.business_date = None if goes_back else horizon


def _read_whole_loads(connection: duckdb.DuckDBPyConnection) -> list[int]:
    rows = connection.execute("select load_id from ops.whole_load order by all").fetchall()
    return [load_id for (load_id,) in rows]
