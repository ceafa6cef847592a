"""The second half of a refresh: build, check and publish a version."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from bankcrm.dates import BEGINNING
from bankcrm.disk import require_space
from bankcrm.errors import FailedBuild
from bankcrm.files import hash_origin
from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import read_rollups
from bankcrm.warehouse.versions import open_published, version_file
from cube.rollups.build import build_rollups, hash_rollups, list_rollups
from pipelines.build.base import Base
from pipelines.build.dbt import BuildReport, run_dbt
from pipelines.build.finished_build import FinishedBuild, forget_build, recall_build, remember_build
from pipelines.build.seal import VersionLabel, seal
from pipelines.build.waived_tests import judge_waived_tests
from pipelines.checks.reconciliation import check_version_books
from pipelines.checks.waivers import waived_tests
from pipelines.monitoring.alerts import (
    alert_about_ignored,
    alert_about_rollups,
)
from pipelines.parameters.seeds import SEEDS_FOLDER, hash_seeds
from pipelines.publishing.audit_entries import record_published
from pipelines.publishing.hold import read_hold
from pipelines.publishing.publish import (
    BUILD_NAME,
    next_version,
    publish,
    remove_build,
    start_build,
)
from pipelines.refresh.run import Refresh

logger = logging.getLogger("bankcrm.refresh")


def build_and_publish(work: Refresh, base: Base) -> None:
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


def _send_warnings(work: Refresh, version: str) -> None:
    """Warn of what the published night passed over, and of rollups that its version lacks, also
    where the build was taken up."""
    alert_about_ignored(work.settings, work.run.run_id, work.report.problems)
    with open_published(work.settings, version) as connection:
        states = read_rollups(connection).values()
    refused = work.report.refused_rollups = [s for s in states if s.state == "refused"]
    alert_about_rollups(work.settings, work.run.run_id, version, refused)


def _roll_up(work: Refresh, build: FinishedBuild) -> dict[str, object]:
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


def _build(work: Refresh, base: Base) -> tuple[FinishedBuild, bool]:
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
    work: Refresh,
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
