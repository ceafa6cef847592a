"""Steps check, publish, export and clean: from a sealed build to what readers see."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bankcrm.errors import FailedBuild, PublishingHeld
from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import RollupState, read_rollups
from bankcrm.warehouse.versions import open_published, version_file
from pipelines.checks.reconciliation import check_version_books
from pipelines.monitoring.alerts import alert_about_ignored, alert_about_rollups
from pipelines.publishing.audit_entries import record_published
from pipelines.publishing.hold import read_hold
from pipelines.publishing.parquet import write_exports
from pipelines.publishing.publish import BUILD_NAME, prune, publish, remove_build
from pipelines.refresh.context import RefreshContext

logger = logging.getLogger("bankcrm.refresh")


@dataclass(frozen=True)
class Publication:
    """A version that readers see now; or, with ``held``, one that is built and not published.

    ``refused_rollups`` are the rollups that a published version lacks.
    """

    version: str
    held: PublishingHeld | None = None
    refused_rollups: tuple[RollupState, ...] = ()


def check_build(context: RefreshContext, version: str) -> None:
    """Compare the rows of the build with those of its loads.

    Raises:
        UnbalancedBooks: rows were lost; the build was removed, so that the next run makes another.
    """
    settings = context.settings
    build_file = settings.build_folder / BUILD_NAME
    checked = build_file if build_file.exists() else version_file(settings, version)
    with context.run.step("check") as figures:
        figures["rows_compared"] = _check_books(settings, checked)


def _check_books(settings: Settings, built: Path) -> int:
    try:
        return check_version_books(settings.raw_file, built)
    except FailedBuild:
        remove_build(settings)
        raise


def publish_build(
    context: RefreshContext, version: str, business_date: date, ignored: Sequence[str]
) -> Publication:
    """Publish a checked build, unless publishing is held, and send the warnings about it.

    Args:
        context: the refresh.
        version: name of the version that the build becomes.
        business_date: its business date.
        ignored: entries of the landing folder that are not in it.
    """
    settings = context.settings
    # Asked as late as this: a rollback may have happened while the build ran.
    hold = read_hold(settings)
    if hold is not None:
        return Publication(version, hold.as_error(version))
    with context.run.step("publish") as figures:
        publish(settings, settings.build_folder / BUILD_NAME, version)
        record_published(settings, version, business_date)
        figures["version"] = version
    logger.info("published %s", version)
    with open_published(settings, version) as connection:
        states = read_rollups(connection).values()
    refused = tuple(state for state in states if state.state == "refused")
    alert_about_ignored(settings, context.run.run_id, ignored)
    alert_about_rollups(settings, context.run.run_id, version, refused)
    return Publication(version, refused_rollups=refused)


def tidy_up(context: RefreshContext, *, keeps_build: bool) -> None:
    """Write the exports of the published version, and remove what is needed no more.

    Args:
        context: the refresh.
        keeps_build: a build is held and waits to be published.
    """
    with context.run.step("export") as figures:
        figures["tables"] = write_exports(context.settings)
    with context.run.step("clean") as figures:
        if not keeps_build:
            remove_build(context.settings)
        figures["removed"] = prune(context.settings)
