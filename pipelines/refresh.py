"""The nightly refresh: load what was delivered, build and check the star, publish it.

Named steps, each safe to repeat: receive, load, verify, link, build, check, publish, export,
clean. A file is judged and stored in one transaction, so its verdict is part of ``load``;
``verify`` is about what was loaded, next to the weeks before; ``link`` finds who is one customer. A
run that is cut short leaves the published version alone, and the next run takes up what is whole:
loaded files, and a finished build.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Protocol

import duckdb

from pipelines.build import BuildReport, VersionLabel, hash_project, run_dbt, seal
from pipelines.errors import BlockedNight, DiskFull, FailedBuild
from pipelines.finished_build import (
    FinishedBuild,
    hash_origin,
    recall_build,
    remember_build,
)
from pipelines.identity.link import LinkReport, link_customers
from pipelines.loading.horizon import explain_horizon, set_horizon
from pipelines.loading.landing import find_deliveries
from pipelines.loading.ledger import NightPlan, plan_nights
from pipelines.loading.load import Loader, LoadResult, open_raw
from pipelines.loading.quarantine import QuarantinedRow, list_quarantine
from pipelines.operations.alerts import alert_about_error, alert_about_run
from pipelines.operations.books import check_raw_books, check_version_books
from pipelines.operations.comparison import compare_with_weeks_before, record_findings
from pipelines.operations.exports import write_exports
from pipelines.operations.journal import today
from pipelines.operations.lock import hold_lock
from pipelines.operations.runs import Run, begin_run
from pipelines.operations.space import named_disk_full, require_space
from pipelines.operations.status_page import write_status_page
from pipelines.operations.success import note_success
from pipelines.operations.waived_tests import judge_waived_tests
from pipelines.operations.waivers import Waiver, list_waivers, waived_tests
from pipelines.parameters.changes import ParameterChange, find_parameter_changes
from pipelines.parameters.seeds import hash_seeds
from pipelines.parameters.validity import check_parameters
from pipelines.refresh_from import (
    BEGINNING,
    BuiltVersion,
    find_refresh_from,
    read_built,
    read_loads,
)
from pipelines.settings import PROJECT_FOLDER, Settings
from pipelines.versions import (
    BUILD_NAME,
    next_version,
    open_published,
    prune,
    publish,
    remove_build,
    remove_leftovers,
    start_build,
    trusted_version,
    version_file,
)

SEEDS_FOLDER = PROJECT_FOLDER / "seeds"
MOST_ROWS_SHOWN = 20
LOADED_FACTOR = 24
"""Most bytes that the raw database may grow by, for one byte of a compressed delivery."""
logger = logging.getLogger(__name__)


class Watcher(Protocol):
    """Whoever wants to see the refresh at work."""

    def loaded(self, result: LoadResult, done: int, total: int) -> None:
        """A delivery was loaded, skipped or rejected."""

    def built(self, node: str, done: int, total: int) -> None:
        """dbt finished a model or a test."""


class _Nobody:
    def loaded(self, result: LoadResult, done: int, total: int) -> None:
        pass

    def built(self, node: str, done: int, total: int) -> None:
        pass


@dataclass
class RefreshReport:
    """What a refresh did.

    ``quarantined`` are the first rows turned away, at most 20 of them.
    ``version`` is None when nothing was published: nothing was new, or nothing is complete.
    ``problems`` are landing entries that no contract covers; ``blocked`` is the reason why a
    waiting business date could not be built.
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


@dataclass(frozen=True)
class _Base:
    """The version a build starts from: nothing, when the project or a parameter without validity
    has changed.

    ``project_hash`` is that of the project which builds upon it, taken before the build.
    ``published`` is the version readers see, if it can be trusted, and ``published_loads`` what
    it holds; ``built`` is what the build starts from, empty when it starts from nothing.
    """

    project_hash: str
    version: str | None = None
    built: BuiltVersion = field(default_factory=BuiltVersion)
    parameter_changes: tuple[ParameterChange, ...] = ()
    published: str | None = None
    published_loads: tuple[int, ...] = ()
    published_date: date | None = None


@dataclass
class _Refresh:
    """A refresh at work: what it was told, and what its steps found."""

    settings: Settings
    run: Run
    report: RefreshReport
    watcher: Watcher
    waivers: list[Waiver]
    whole_loads: list[int] = field(default_factory=list)
    links: str = ""


def refresh(
    settings: Settings, *, one_night: bool = False, watcher: Watcher | None = None
) -> RefreshReport:
    """Take every waiting business date from the landing folder to a published version.

    Args:
        settings: where everything lies.
        one_night: stop after the next waiting business date.
        watcher: told of each delivery and each dbt node.

    Returns:
        What happened; rejected deliveries and blocked nights are in it, not raised.

    Raises:
        Busy: another refresh is at work.
        InvalidParameters: validities of parameters contradict each other; nothing was loaded.
        FailedBuild: a model or a test failed; the published version stays.
        DiskFull: there is no room for the next step; the published version stays.
    """
    report = RefreshReport()
    with hold_lock(settings.home), _followed_run(settings, report) as run:
        check_parameters(SEEDS_FOLDER)
        waivers = list_waivers(run.journal, today())
        work = _Refresh(settings, run, report, watcher or _Nobody(), waivers)
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
            run.detail = _describe(report)
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


def _describe(report: RefreshReport) -> dict[str, object]:
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


def _take_in(work: _Refresh, one_night: bool) -> _Base:
    """Steps receive, load, verify and link: from the landing folder to what may be built."""
    run, report = work.run, work.report
    with open_raw(work.settings) as connection:
        with run.step("receive") as figures:
            plan = _receive(work, connection, one_night)
            files = sum(len(night) for _, night in plan.nights)
            figures.update(nights=len(plan.nights), files=files)
        with run.step("load") as figures:
            figures["seconds_judging"] = _load_nights(work, connection, plan)
            figures.update(_count_rows(report))
        with run.step("verify") as figures:
            base = _read_base(work.settings)
            figures["loads_compared"] = check_raw_books(connection, base.published_loads)
            figures["findings"] = _judge_nights(work, connection, base)
            _set_horizon(connection, report, base)
            figures["horizon"] = report.business_date
        if report.business_date is not None:
            with run.step("link") as figures:
                figures.update(_link(work, connection, base))
    return base


def _link(work: _Refresh, connection: duckdb.DuckDBPyConnection, base: _Base) -> dict[str, object]:
    """Find who is one customer, and with that how far back the build must reach."""
    report = work.report
    report.links = link_customers(connection)
    report.parameter_changes = list(base.parameter_changes)
    report.refresh_from = _find_refresh_from(connection, base)
    work.whole_loads = _read_whole_loads(connection)
    work.links = _hash_links(connection)
    return vars(report.links) | {"refresh_from": report.refresh_from}


def _find_refresh_from(connection: duckdb.DuckDBPyConnection, base: _Base) -> date | None:
    """Earliest day that deliveries, links or parameters touched; None when nothing is new."""
    days = [find_refresh_from(connection, base.built)]
    days += [change.changed_from for change in base.parameter_changes]
    return min((day for day in days if day is not None), default=None)


def _receive(work: _Refresh, connection: duckdb.DuckDBPyConnection, one_night: bool) -> NightPlan:
    settings = work.settings
    for path in remove_leftovers(settings):
        logger.warning("removed %s, left by a run that was cut short", path)
    found = find_deliveries(settings)
    work.report.problems.extend(found.problems)
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
            work.run.log("delivery", **_describe_load(result))
            work.watcher.loaded(result, len(results), total)
    work.report.quarantined = _list_quarantined(connection, work.report)
    return round(loader.seconds_judging, 3)


def _describe_load(result: LoadResult) -> dict[str, object]:
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


def _count_rows(report: RefreshReport) -> dict[str, int]:
    return {
        "delivered": sum(result.rows_delivered for result in report.results),
        "accepted": sum(result.rows_accepted for result in report.results),
        "quarantined": sum(result.rows_quarantined for result in report.results),
        "rejected_files": len(report.rejected),
    }


def _list_quarantined(
    connection: duckdb.DuckDBPyConnection, report: RefreshReport
) -> list[QuarantinedRow]:
    rows: list[QuarantinedRow] = []
    for result in report.results:
        if result.rows_quarantined and len(rows) < MOST_ROWS_SHOWN:
            limit = MOST_ROWS_SHOWN - len(rows)
            rows += list_quarantine(connection, load_id=result.load_id, limit=limit)
    return rows


def _read_base(settings: Settings) -> _Base:
    project_hash = hash_project()
    version = trusted_version(settings)
    if version is None:
        return _Base(project_hash)
    with open_published(settings, version) as connection:
        row = connection.execute("select project_hash, business_date from meta.version").fetchone()
        assert row is not None
        if row[0] != project_hash:
            logger.info("models, macros or tests changed since %s: rebuilding everything", version)
            loads = read_loads(connection)
            return _Base(
                project_hash, published=version, published_loads=loads, published_date=row[1]
            )
        built = read_built(connection)
        changes = tuple(find_parameter_changes(connection, SEEDS_FOLDER))
    base = _Base(project_hash, version, built, changes, version, built.loads, row[1])
    if any(change.changed_from is None for change in changes):
        return replace(base, version=None, built=BuiltVersion())
    return base


def _judge_nights(work: _Refresh, connection: duckdb.DuckDBPyConnection, base: _Base) -> int:
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


def _set_horizon(connection: duckdb.DuckDBPyConnection, report: RefreshReport, base: _Base) -> None:
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


def _build_and_publish(work: _Refresh, base: _Base) -> None:
    """Steps build, check and publish."""
    with work.run.step("build") as figures:
        build, is_taken_up = _build(work, base)
        figures.update(version=build.version, nodes=build.nodes, taken_up=is_taken_up)
    build_file = work.settings.build_folder / BUILD_NAME
    moved_file = version_file(work.settings, build.version)
    with work.run.step("check") as figures:
        checked = build_file if build_file.exists() else moved_file
        figures["rows_compared"] = _check_books(work.settings, checked)
    with work.run.step("publish") as figures:
        publish(work.settings, build_file, build.version)
        figures["version"] = build.version
    work.report.version = build.version
    logger.info("published %s", build.version)


def _check_books(settings: Settings, built: Path) -> int:
    try:
        return check_version_books(settings.raw_file, built)
    except FailedBuild:
        # Never taken up again: the next run builds anew.
        remove_build(settings)
        raise


def _build(work: _Refresh, base: _Base) -> tuple[FinishedBuild, bool]:
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
        parameters=hash_seeds(SEEDS_FOLDER),
        waived=sorted(f"{name} {day}" for name, days in tests.items() for day in days),
    )
    finished = recall_build(settings, origin, base.published)
    build = finished or _build_anew(work, base, refresh_from, origin)
    report.build = BuildReport(build.nodes, build.seconds)
    return build, finished is not None


def _build_anew(work: _Refresh, base: _Base, refresh_from: date, origin: str) -> FinishedBuild:
    settings, business_date = work.settings, work.report.business_date
    assert business_date is not None
    _require_room_to_build(settings, base)
    version = next_version(settings, business_date)
    build_file = start_build(settings, base.version)
    tests = waived_tests(work.waivers)
    done = run_dbt(settings, build_file, refresh_from, work.watcher.built, sorted(tests))
    results = [*done.tests, *judge_waived_tests(settings, build_file, refresh_from, tests)]
    label = VersionLabel(version, business_date, base.project_hash)
    seal(build_file, settings.raw_file, label, results)
    size = build_file.stat().st_size
    build = FinishedBuild(version, origin, size, done.nodes, done.seconds)
    remember_build(settings, build)
    return build


def _require_room_to_build(settings: Settings, base: _Base) -> None:
    source = version_file(settings, base.version) if base.version else settings.raw_file
    needed = 2 * source.stat().st_size + settings.disk_reserve_bytes
    require_space(settings.build_folder, needed, "The build")


def _read_whole_loads(connection: duckdb.DuckDBPyConnection) -> list[int]:
    rows = connection.execute("select load_id from ops.whole_load order by all").fetchall()
    return [load_id for (load_id,) in rows]


def _hash_links(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute(
        "select coalesce(bit_xor(hash(link)), 0)::varchar from identity.link"
    ).fetchone()
    assert row is not None
    return str(row[0])


def _tidy_up(work: _Refresh) -> None:
    """Steps export and clean: what others read of the run, and what nobody needs any more."""
    with work.run.step("export") as figures:
        figures["tables"] = write_exports(work.settings)
    with work.run.step("clean") as figures:
        remove_build(work.settings)
        figures["removed"] = prune(work.settings)
