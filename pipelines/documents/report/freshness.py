"""How fresh a version is: what a reader must know before taking its figures for today's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import duckdb

from bankcrm.errors import Busy
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import list_versions
from pipelines.landing.folder import find_deliveries
from pipelines.loading.complete_through import explain_incomplete_date
from pipelines.loading.load_plan import plan_loads
from pipelines.loading.raw import open_raw
from pipelines.parameters.changes import find_parameter_changes
from pipelines.parameters.seeds import SEEDS_FOLDER


class Freshness(NamedTuple):
    """A version and notices about it; ``notices`` is empty when it is up to date."""

    version: str
    business_date: date
    complete_month: date | None
    notices: list[str]


def read_freshness(
    settings: Settings, connection: duckdb.DuckDBPyConnection, version: str
) -> Freshness:
    """How fresh a version is against what was delivered since, never against the clock.

    Args:
        settings: where deliveries and versions lie.
        connection: the version, opened for reading.
        version: its name.
    """
    row = connection.execute(
        """select version.business_date, (
            select max(month_end_date) from marts.fct_account_monthly where is_complete_month
        ) from meta.version as version"""
    ).fetchone()
    assert row is not None
    notices = [
        *_notices_of_versions(settings, version),
        *_notices_of_parameters(connection),
        *_notices_of_deliveries(settings, row[0]),
    ]
    if row[1] is None:
        notices.append("No month is complete yet: figures of a month are those of its first days.")
    return Freshness(version, row[0], row[1], notices)


def _notices_of_versions(settings: Settings, version: str) -> Iterator[str]:
    later = [name for name in list_versions(settings) if name > version]
    if later:
        yield f"This is not the latest version: {later[-1]} was built after it."


def _notices_of_parameters(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    for change in find_parameter_changes(connection, SEEDS_FOLDER):
        yield f"Parameter {change.seed} was changed since; its change is not in these figures."


def _notices_of_deliveries(settings: Settings, business_date: date) -> Iterator[str]:
    if not settings.raw_file.exists():
        return
    try:
        with open_raw(settings, with_vault=False) as raw:
            plan = plan_loads(raw, find_deliveries(settings).deliveries)
            blocked = plan.blocked or explain_incomplete_date(raw)
    except Busy:
        yield f"A refresh is running; these are the figures of {business_date}."
        return
    if blocked is not None:
        yield f"Waiting: {blocked.problem}. These are the figures of {business_date}."
    elif plan.dates:
        yield (
            f"{len(plan.dates)} delivered business dates are not loaded yet; these are the "
            f"figures of {business_date}."
        )
