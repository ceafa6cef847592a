"""Steps build and rollup: a sealed build with its rollups, made now or taken up from a run that was
cut short."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from bankcrm.dates import BEGINNING
from bankcrm.disk import require_space
from bankcrm.files import hash_origin
from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import RollupState
from bankcrm.warehouse.versions import version_file
from cube.compiler.rollup import Rollup
from cube.rollups.build import build_rollups, hash_rollups, list_rollups
from pipelines.build.base import Base
from pipelines.build.dbt import run_dbt
from pipelines.build.finished_build import (
    FinishedBuild,
    load_build_note,
    remove_build_note,
    save_build_note,
)
from pipelines.build.seal import VersionLabel, seal
from pipelines.build.waived_tests import check_waived_tests
from pipelines.checks.waivers import waived_tests
from pipelines.parameters.seeds import SEEDS_FOLDER, hash_seeds
from pipelines.publishing.publish import BUILD_NAME, next_version, start_build
from pipelines.refresh.context import RefreshContext
from pipelines.refresh.link_step import Linked
from pipelines.refresh.verify_step import Verified

WaivedTests = Mapping[str, frozenset[date]]


@dataclass(frozen=True)
class BuildOrder:
    """What is to be built: upon which version, through which business date, from which day on.

    ``loads``, ``links`` and ``stale`` name what it is made from: ids of loads, the fingerprint of
    the links, and the feeds that are missing.
    """

    base: Base
    business_date: date
    refresh_from: date
    loads: tuple[int, ...]
    links: str
    stale: tuple[str, ...]

    @property
    def first_date(self) -> date:
        """First business date that dbt builds: the very first where there is no base."""
        return self.refresh_from if self.base.version else BEGINNING


@dataclass(frozen=True)
class Built:
    """A sealed build with its rollups.

    ``refused_rollups`` are those that were refused now; none of a build that was taken up with its
    rollups.
    """

    build: FinishedBuild
    refused_rollups: tuple[RollupState, ...]


def order_build(verified: Verified, linked: Linked | None) -> BuildOrder | None:
    """What is to be built; None when no business date is complete, or nothing is new."""
    if linked is None or linked.refresh_from is None or verified.business_date is None:
        return None
    return BuildOrder(
        base=verified.base,
        business_date=verified.business_date,
        refresh_from=linked.refresh_from,
        loads=linked.loads,
        links=linked.fingerprint,
        stale=tuple(stale.describe() for stale in verified.stale),
    )


def build(context: RefreshContext, order: BuildOrder) -> Built:
    """Build what is ordered, and its rollups.

    Raises:
        FailedBuild: a model or a test failed.
        DiskFull: there is no room for the build.
    """
    rollups = list_rollups()
    with context.run.step("build") as figures:
        tests = waived_tests(context.waivers)
        origin = _hash_order(order, rollups, tests)
        found = load_build_note(context.settings, origin, order.base.published)
        made = found or _make_build(context, order, tests, origin)
        figures.update(version=made.version, nodes=made.nodes, taken_up=found is not None)
    if made.is_rolled_up:
        return Built(made, ())
    with context.run.step("rollup") as figures:
        states = _roll_up(context.settings, order, made, rollups)
        refused = tuple(state for state in states if state.state == "refused")
        figures.update(rollups=len(states), rows=sum(state.rows for state in states))
        if refused:
            figures["refused"] = {state.name: state.reason for state in refused}
    return Built(made, refused)


def _hash_order(order: BuildOrder, rollups: tuple[Rollup, ...], tests: WaivedTests) -> str:
    """Hash of everything a build is made from: a build of the same hash can be taken up."""
    return hash_origin(
        project=order.base.project_hash,
        base=order.base.version,
        business_date=order.business_date,
        refresh_from=order.first_date,
        loads=order.loads,
        links=order.links,
        stale=order.stale,
        parameters=hash_seeds(SEEDS_FOLDER),
        rollups=hash_rollups(rollups),
        waived=sorted(f"{name} {day}" for name, days in tests.items() for day in days),
    )


def _make_build(
    context: RefreshContext, order: BuildOrder, tests: WaivedTests, origin: str
) -> FinishedBuild:
    """A sealed build; a failure of one of ``tests`` is waived for its days."""
    settings = context.settings
    _require_room_to_build(settings, order.base)
    version = next_version(settings, order.business_date)
    build_file = start_build(settings, order.base.version)
    done = run_dbt(settings, build_file, order.first_date, context.watcher.built, sorted(tests))
    results = [
        *done.tests,
        *check_waived_tests(build_file, tests),
    ]
    label = VersionLabel(version, order.business_date, order.base.project_hash)
    seal(build_file, settings.raw_file, label, results)
    size = build_file.stat().st_size
    made = FinishedBuild(version, origin, size, done.nodes, done.seconds)
    save_build_note(settings, made)
    return made


def _require_room_to_build(settings: Settings, base: Base) -> None:
    source = version_file(settings, base.version) if base.version else settings.raw_file
    needed = 2 * source.stat().st_size + settings.disk_reserve_bytes
    require_space(settings.build_folder, needed, "The build")


def _roll_up(
    settings: Settings, order: BuildOrder, made: FinishedBuild, rollups: tuple[Rollup, ...]
) -> list[RollupState]:
    """Build the rollups in the finished build; cut short, the whole build starts again."""
    build_file = settings.build_folder / BUILD_NAME
    remove_build_note(settings)
    states = list(build_rollups(settings, build_file, order.refresh_from, rollups))
    size = build_file.stat().st_size
    save_build_note(settings, replace(made, bytes=size, is_rolled_up=True))
    return states
