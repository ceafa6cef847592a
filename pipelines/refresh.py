"""The nightly refresh: load what was delivered, build and check the star, publish it."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Protocol

import duckdb

from pipelines.build import BuildReport, hash_project, run_dbt, seal
from pipelines.errors import BlockedNight, Busy
from pipelines.identity.link import LinkReport, link_customers
from pipelines.loading.horizon import explain_horizon, set_horizon
from pipelines.loading.landing import find_deliveries
from pipelines.loading.ledger import plan_nights
from pipelines.loading.load import Loader, LoadResult, open_raw
from pipelines.loading.quarantine import QuarantinedRow, list_quarantine
from pipelines.parameters.changes import ParameterChange, find_parameter_changes
from pipelines.parameters.validity import check_parameters
from pipelines.refresh_from import BEGINNING, BuiltVersion, find_refresh_from, read_built
from pipelines.settings import PROJECT_FOLDER, Settings
from pipelines.versions import (
    current_version,
    next_version,
    open_published,
    prune,
    publish,
    start_build,
)

SEEDS_FOLDER = PROJECT_FOLDER / "seeds"
MOST_ROWS_SHOWN = 20
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

    @property
    def rejected(self) -> list[LoadResult]:
        """Deliveries that were turned away whole."""
        return [result for result in self.results if result.status == "rejected"]


@dataclass(frozen=True)
class _Base:
    """The version a build starts from: nothing, when the project or a parameter without validity
    has changed.

    ``project_hash`` is that of the project which builds upon it, taken before the build.
    """

    project_hash: str
    version: str | None = None
    built: BuiltVersion = field(default_factory=BuiltVersion)
    parameter_changes: tuple[ParameterChange, ...] = ()


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
    """
    watcher = watcher or _Nobody()
    with hold_lock(settings):
        check_parameters(SEEDS_FOLDER)
        report = RefreshReport()
        with open_raw(settings) as connection:
            _load_nights(settings, connection, report, one_night, watcher)
            report.quarantined = _list_quarantined(connection, report)
            base = _read_base(settings)
            report.parameter_changes = list(base.parameter_changes)
            report.business_date = _set_horizon(connection, report)
            if report.business_date is not None:
                report.links = link_customers(connection)
                report.refresh_from = _find_refresh_from(connection, base)
        if report.refresh_from is not None and report.business_date is not None:
            _build_and_publish(settings, base, report, watcher)
        return report


@contextmanager
def hold_lock(settings: Settings) -> Iterator[None]:
    """Keep every other writer of the raw database out.

    Raises:
        Busy: a refresh is at work.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    with (settings.home / "refresh.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Busy(
                f"Another refresh of {settings.home} is at work",
                "Wait for it to finish; `bankcrm status` shows what is published.",
            ) from error
        yield


def _load_nights(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    report: RefreshReport,
    one_night: bool,
    watcher: Watcher,
) -> None:
    found = find_deliveries(settings)
    report.problems.extend(found.problems)
    plan = plan_nights(connection, found.deliveries)
    report.blocked = plan.blocked
    nights = plan.nights[:1] if one_night else plan.nights
    total = sum(len(deliveries) for _, deliveries in nights)
    with Loader(connection, settings.max_file_bytes) as loader:
        for delivery in chain.from_iterable(deliveries for _, deliveries in nights):
            result = loader.load(delivery)
            report.results.append(result)
            watcher.loaded(result, len(report.results), total)


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
    version = current_version(settings)
    if version is None:
        return _Base(project_hash)
    with open_published(settings, version) as connection:
        row = connection.execute("select project_hash from meta.version").fetchone()
        built = read_built(connection)
        changes = tuple(find_parameter_changes(connection, SEEDS_FOLDER))
    if row is None or row[0] != project_hash:
        logger.info("models, macros or tests changed since %s: rebuilding everything", version)
        return _Base(project_hash)
    if any(change.changed_from is None for change in changes):
        return _Base(project_hash, parameter_changes=changes)
    return _Base(project_hash, version, built, changes)


def _find_refresh_from(connection: duckdb.DuckDBPyConnection, base: _Base) -> date | None:
    """Earliest day that deliveries, links or parameters touched; None when nothing is new."""
    days = [find_refresh_from(connection, base.built)]
    days += [change.changed_from for change in base.parameter_changes]
    return min((day for day in days if day is not None), default=None)


def _set_horizon(connection: duckdb.DuckDBPyConnection, report: RefreshReport) -> date | None:
    horizon = set_horizon(connection)
    report.blocked = report.blocked or explain_horizon(connection)
    if horizon is None and report.blocked is None:
        report.blocked = BlockedNight(
            "Nothing has been delivered yet",
            "Put deliveries into the landing folder, or make some with `bankcrm sample`.",
        )
    return horizon


def _build_and_publish(
    settings: Settings, base: _Base, report: RefreshReport, watcher: Watcher
) -> None:
    assert report.business_date is not None and report.refresh_from is not None
    version = next_version(settings, report.business_date)
    build_file = start_build(settings, base.version)
    refresh_from = report.refresh_from if base.version else BEGINNING
    report.build = run_dbt(settings, build_file, refresh_from, watcher.built)
    seal(build_file, settings.raw_file, version, report.business_date, base.project_hash)
    publish(settings, build_file, version)
    prune(settings)
    report.version = version
    logger.info("published %s, rebuilt from %s", version, refresh_from)
