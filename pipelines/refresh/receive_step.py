"""Step receive: look through the landing folder and plan what is loaded."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from bankcrm.audit import acting_user, record
from bankcrm.disk import require_space
from bankcrm.settings import Settings
from pipelines.landing.folder import Delivery, find_deliveries
from pipelines.loading.deadlines import find_late_feeds, skip_missing_feed
from pipelines.loading.load_plan import LoadPlan, plan_loads
from pipelines.publishing.audit_entries import record_found_version
from pipelines.publishing.publish import remove_leftovers
from pipelines.refresh.context import RefreshContext

logger = logging.getLogger("bankcrm.refresh")

LOADED_FACTOR = 24
"""Most bytes that the raw database may grow by, for one byte of a compressed delivery."""


@dataclass(frozen=True)
class Received:
    """What is loaded next, and entries of the landing folder that are no deliveries."""

    plan: LoadPlan
    ignored: tuple[str, ...]


def receive(
    context: RefreshContext, connection: duckdb.DuckDBPyConnection, *, one_night: bool
) -> Received:
    """Plan the loads of every waiting business date, or of the next one alone.

    Raises:
        DiskFull: the raw database may need more room than there is.
    """
    settings = context.settings
    with context.run.step("receive") as figures:
        record_found_version(settings)
        for path in remove_leftovers(settings):
            logger.warning("removed %s, left by a run that was cut short", path)
        found = find_deliveries(settings)
        _skip_late_feeds(context, connection, found.deliveries)
        plan = plan_loads(connection, found.deliveries)
        if one_night:
            plan = LoadPlan(plan.dates[:1], plan.blocked)
        _require_room_to_load(settings, plan)
        files = sum(len(deliveries) for _, deliveries in plan.dates)
        figures.update(business_dates=len(plan.dates), files=files)
    return Received(plan, found.problems)


def _skip_late_feeds(
    context: RefreshContext,
    connection: duckdb.DuckDBPyConnection,
    deliveries: Sequence[Delivery],
) -> None:
    """Skip the late feeds whose contract says so; the audit log names the contract's decision."""
    for late in find_late_feeds(connection, deliveries, context.clock.now()):
        details = {"business_date": late.business_date, "due": late.due.isoformat()}
        record(context.settings, "deadline_missed", acting_user(), late.contract.name, details)
        skip_missing_feed(connection, late)


def _require_room_to_load(settings: Settings, plan: LoadPlan) -> None:
    waiting = sum(d.data_file.stat().st_size for _, deliveries in plan.dates for d in deliveries)
    if waiting:
        needed = waiting * LOADED_FACTOR + settings.disk_reserve_bytes
        purpose = f"Loading {waiting / 1e6:,.1f} MB of deliveries"
        require_space(settings.raw_file.parent, needed, purpose)
