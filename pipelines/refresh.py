"""The nightly refresh: load what was delivered, build and check the star, publish it.

Named steps, each safe to repeat: receive, load, verify, link, build, rollup, check, publish,
export, clean. A file is judged and stored in one transaction, so its verdict is part of ``load``;
``verify`` is about what was loaded, next to the weeks before; ``link`` finds who is one customer. A
run that is cut short leaves the published version alone, and the next run takes up what is whole:
loaded files, and a finished build.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from pathlib import Path

import duckdb

from cube.server.rollup import Rollup
from cube.server.rollup_state import read_rollups
from pipelines.base_version import SEEDS_FOLDER, Base, find_first_day, read_base
from pipelines.build import BuildReport, VersionLabel, run_dbt, seal
from pipelines.errors import BlockedNight, DiskFull, FailedBuild, HeldNight
from pipelines.fingerprint import fingerprint_table
from pipelines.finished_build import (
    FinishedBuild,
    forget_build,
    hash_origin,
    recall_build,
    remember_build,
)
from pipelines.identity.link import link_customers
from pipelines.loading.deadlines import (
    explain_late_night,
    find_late_feeds,
    go_on_without,
    list_stale_feeds,
)
from pipelines.loading.horizon import explain_horizon, set_horizon
from pipelines.loading.landing import Delivery, find_deliveries
from pipelines.loading.ledger import NightPlan, plan_nights
from pipelines.loading.load import Loader, open_raw
from pipelines.loading.quarantine import QuarantinedRow, list_quarantine
from pipelines.operations.alerts import (
    alert_about_card_numbers,
    alert_about_error,
    alert_about_ignored,
    alert_about_rollups,
    alert_about_run,
)
from pipelines.operations.audit import acting_user, record
from pipelines.operations.audit_check import check_audit_log
from pipelines.operations.audit_versions import record_found_version, record_published
from pipelines.operations.books import check_raw_books, check_version_books
from pipelines.operations.comparison import compare_with_weeks_before, record_findings
from pipelines.operations.exports import write_exports
from pipelines.operations.hold import read_hold
from pipelines.operations.journal import today
from pipelines.operations.lock import hold_lock
from pipelines.operations.runs import Run, begin_run
from pipelines.operations.space import named_disk_full, require_space
from pipelines.operations.status_page import write_status_page
from pipelines.operations.success import note_success
from pipelines.operations.waiting import Clock, MachineClock, wait_for_deliveries
from pipelines.operations.waived_tests import judge_waived_tests
from pipelines.operations.waivers import Waiver, list_waivers, waived_tests
from pipelines.parameters.seeds import hash_seeds
from pipelines.parameters.validity import check_parameters
from pipelines.privacy.erasure import apply_erasures
from pipelines.refresh_from import BEGINNING
from pipelines.refresh_report import (
    Nobody,
    RefreshReport,
    Watcher,
    count_rows,
    describe_load,
    describe_report,
)
from pipelines.rollups import build_rollups, hash_rollups, list_rollups
from pipelines.settings import Settings
from pipelines.versions import (
    BUILD_NAME,
    next_version,
    open_published,
    prune,
    publish,
    remove_build,
    remove_leftovers,
    start_build,
    version_file,
)

MOST_ROWS_SHOWN = 20
LOADED_FACTOR = 24
"""Most bytes that the raw database may grow by, for one byte of a compressed delivery."""
logger = logging.getLogger(__name__)


@dataclass
class _Refresh:
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


def refresh(
    settings: Settings,
    *,
    one_night: bool = False,
    wait: bool = False,
    watcher: Watcher | None = None,
    clock: Clock | None = None,
) -> RefreshReport:
    """Take every waiting business date from the landing folder to a published version.

    Args:
        settings: where everything lies.
        one_night: stop after the next waiting business date.
        wait: wait for the feeds of the night until their deadlines.
        watcher: told of each delivery and each dbt node.
        clock: the time, for deadlines; that of the machine unless given.

    Returns:
        What happened; rejected deliveries and blocked nights are in it, not raised.

    Raises:
        Busy: another refresh is at work.
        InvalidParameters: validities of parameters contradict each other; nothing was loaded.
        FailedBuild: a model or a test failed; the published version stays.
        DiskFull: there is no room for the next step; the published version stays.
    """
    report, watcher, clock = RefreshReport(), watcher or Nobody(), clock or MachineClock()
    if wait:
        wait_for_deliveries(settings, clock, watcher)
    with hold_lock(settings.home), _followed_run(settings, report) as run:
        check_parameters(SEEDS_FOLDER)
        waivers = list_waivers(run.journal, today())
        work = _Refresh(settings, run, report, watcher, waivers, clock, wait)
        base = _take_in(work, one_night)
        if report.refresh_from is not None:
            _build_and_publish(work, base)
        _tidy_up(work)
    return report


@contextmanager
def _followed_run(settings: Settings, report: RefreshReport) -> Iterator[Run]:
    """A run that ends in the journal, on the status page and, where it failed, in an alert."""
    try:
        require_space(settings.home, settings.disk_reserve_bytes, "A refresh")
        with named_disk_full("the refresh"), begin_run(settings, "refresh") as run:
            report.run_id = run.run_id
            yield run
            run.outcome = report.outcome
            run.detail = describe_report(report)
            if report.exit_code == 0:
                note_success(settings, run.run_id, report.version)
    except DiskFull as error:
        # There may have been no room for the journal either: this is told without it.
        alert_about_error(settings, error)
        raise
    except Exception:
        alert_about_run(settings, report.run_id)
        raise
    else:
        alert_about_run(settings, report.run_id)
    finally:
        write_status_page(settings)


def _take_in(work: _Refresh, one_night: bool) -> Base:
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


def _judge_lateness(work: _Refresh, connection: duckdb.DuckDBPyConnection) -> None:
    """What is stale; and, where the run has waited, what did not come by its deadline."""
    report, moment = work.report, work.clock.now()
    report.stale = list_stale_feeds(connection)
    if work.is_waiting and not isinstance(report.blocked, HeldNight):
        report.blocked = explain_late_night(work.settings, connection, moment, report.blocked)


def _excuse_late_feeds(
    work: _Refresh, connection: duckdb.DuckDBPyConnection, deliveries: Sequence[Delivery]
) -> None:
    """Go on without the feeds whose policy says so; who decided is the contract."""
    for late in find_late_feeds(connection, deliveries, work.clock.now()):
        details = {"business_date": late.business_date, "due": late.due.isoformat()}
        record(work.settings, "deadline_missed", acting_user(), late.contract.name, details)
        go_on_without(connection, late)


def _check_audit_log(work: _Refresh) -> int:
    """Make sure that nobody changed the audit log; a broken one stops nobody's night."""
    found = check_audit_log(work.settings)
    if found.error is not None:
        work.report.notices.append(found.error)
    return found.head.entries if found.head else 0


def _link(work: _Refresh, connection: duckdb.DuckDBPyConnection, base: Base) -> dict[str, object]:
    """Find who is one customer, and with that how far back the build must reach."""
    report = work.report
    erased = apply_erasures(connection, work.settings)
    report.links = link_customers(connection)
    report.parameter_changes = list(base.parameter_changes)
    report.refresh_from = find_first_day(connection, base)
    work.whole_loads = _read_whole_loads(connection)
    work.links = str(fingerprint_table(connection, "identity.link"))
    return vars(report.links) | {"refresh_from": report.refresh_from, "values_erased": erased}


def _receive(work: _Refresh, connection: duckdb.DuckDBPyConnection, one_night: bool) -> NightPlan:
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


def _load_nights(work: _Refresh, connection: duckdb.DuckDBPyConnection, plan: NightPlan) -> float:
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


def _judge_nights(work: _Refresh, connection: duckdb.DuckDBPyConnection, base: Base) -> int:
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


def _build_and_publish(work: _Refresh, base: Base) -> None:
    """Steps build, rollup, check and, unless it is held, publish."""
    work.rollups = list_rollups()
    with work.run.step("build") as figures:
        build, is_taken_up = _build(work, base)
        figures.update(version=build.version, nodes=build.nodes, taken_up=is_taken_up)
    if not build.is_rolled_up:
        with work.run.step("rollup") as figures:
            figures.update(_roll_up(work, build))
    build_file = work.settings.build_folder / BUILD_NAME
    moved_file = version_file(work.settings, build.version)
    with work.run.step("check") as figures:
        checked = build_file if build_file.exists() else moved_file
        figures["rows_compared"] = _check_books(work.settings, checked)
    # Asked as late as this: somebody may have rolled back while the build ran.
    hold = read_hold(work.settings)
    if hold is not None:
        work.report.held = build.version
        work.report.notices.append(hold.as_error(build.version))
        return
    with work.run.step("publish") as figures:
        publish(work.settings, build_file, build.version)
        record_published(work.settings, build.version, work.report.business_date)
        figures["version"] = build.version
    work.report.version = build.version
    logger.info("published %s", build.version)
    _send_warnings(work, build.version)


def _send_warnings(work: _Refresh, version: str) -> None:
    """Warn of what the published night passed over, and of rollups that its version lacks, also
    where the build was taken up."""
    alert_about_ignored(work.settings, work.run.run_id, work.report.problems)
    with open_published(work.settings, version) as connection:
        states = read_rollups(connection).values()
    refused = work.report.refused_rollups = [s for s in states if s.state == "refused"]
    alert_about_rollups(work.settings, work.run.run_id, version, refused)


def _roll_up(work: _Refresh, build: FinishedBuild) -> dict[str, object]:
    """Build the rollups in the finished build; cut short, the build is begun anew."""
    settings = work.settings
    build_file = settings.build_folder / BUILD_NAME
    refresh_from = work.report.refresh_from
    assert refresh_from is not None
    forget_build(settings)
    states = build_rollups(settings, build_file, refresh_from, work.rollups)
    size = build_file.stat().st_size
    remember_build(settings, replace(build, bytes=size, is_rolled_up=True))
    work.report.refused_rollups = [state for state in states if state.state == "refused"]
    refused = {state.name: state.reason for state in work.report.refused_rollups}
    return {"rollups": len(states), "rows": sum(state.rows for state in states)} | (
        {"refused": refused} if refused else {}
    )


def _check_books(settings: Settings, built: Path) -> int:
    try:
        return check_version_books(settings.raw_file, built)
    except FailedBuild:
        # Never taken up again: the next run builds anew.
        remove_build(settings)
        raise


def _build(work: _Refresh, base: Base) -> tuple[FinishedBuild, bool]:
    """A sealed build of what waits, and whether it is taken up from a run that was cut short."""
    report, settings = work.report, work.settings
    assert report.business_date is not None and report.refresh_from is not None
    refresh_from = report.refresh_from if base.version else BEGINNING
    tests = waived_tests(work.waivers)
    origin = hash_origin(
        project=base.project_hash,
        base=base.version,
        business_date=report.business_date,
        refresh_from=refresh_from,
        loads=work.whole_loads,
        links=work.links,
        stale=[stale.describe() for stale in report.stale],
        parameters=hash_seeds(SEEDS_FOLDER),
        rollups=hash_rollups(work.rollups),
        waived=sorted(f"{name} {day}" for name, days in tests.items() for day in days),
    )
    finished = recall_build(settings, origin, base.published)
    build = finished or _build_anew(work, base, refresh_from, tests, origin)
    report.build = BuildReport(build.nodes, build.seconds)
    return build, finished is not None


def _build_anew(
    work: _Refresh,
    base: Base,
    refresh_from: date,
    tests: Mapping[str, frozenset[date]],
    origin: str,
) -> FinishedBuild:
    """A sealed build; a failure of one of ``tests`` is waived for its days."""
    settings, business_date = work.settings, work.report.business_date
    assert business_date is not None
    _require_room_to_build(settings, base)
    version = next_version(settings, business_date)
    build_file = start_build(settings, base.version)
    done = run_dbt(settings, build_file, refresh_from, work.watcher.built, sorted(tests))
    results = [*done.tests, *judge_waived_tests(settings, build_file, refresh_from, tests)]
    label = VersionLabel(version, business_date, base.project_hash)
    seal(build_file, settings.raw_file, label, results)
    size = build_file.stat().st_size
    build = FinishedBuild(version, origin, size, done.nodes, done.seconds)
    remember_build(settings, build)
    return build


def _require_room_to_build(settings: Settings, base: Base) -> None:
    source = version_file(settings, base.version) if base.version else settings.raw_file
    needed = 2 * source.stat().st_size + settings.disk_reserve_bytes
    require_space(settings.build_folder, needed, "The build")


def _read_whole_loads(connection: duckdb.DuckDBPyConnection) -> list[int]:
    rows = connection.execute("select load_id from ops.whole_load order by all").fetchall()
    return [load_id for (load_id,) in rows]


def _tidy_up(work: _Refresh) -> None:
    """Steps export and clean: what others read of the run, and what nobody needs any more."""
    with work.run.step("export") as figures:
        figures["tables"] = write_exports(work.settings)
    with work.run.step("clean") as figures:
        if work.report.held is None:
            remove_build(work.settings)
        figures["removed"] = prune(work.settings)
