"""How a version stands: what a reader must know before trusting its figures as today's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import duckdb

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import list_versions
from pipelines.landing.folder import find_deliveries
from pipelines.loading.complete_through import explain_incomplete_date
from pipelines.loading.load_plan import plan_loads
from pipelines.loading.raw import open_raw
from pipelines.parameters.changes import find_parameter_changes
from pipelines.parameters.seeds import SEEDS_FOLDER


class Standing(NamedTuple):
    """A version and what is to be said about it; ``notices`` is empty when nothing is."""

    version: str
    business_date: date
    complete_month: date | None
    notices: list[str]


def read_standing(
    settings: Settings, connection: duckdb.DuckDBPyConnection, version: str
) -> Standing:
    """How a version stands against what was delivered since, never against the clock.

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
        *_tell_of_versions(settings, version),
        *_tell_of_parameters(connection),
        *_tell_of_deliveries(settings, row[0]),
    ]
    if row[1] is None:
        notices.append("No month is complete yet: figures of a month are those of its first days.")
    return Standing(version, row[0], row[1], notices)


def _tell_of_versions(settings: Settings, version: str) -> Iterator[str]:
    later = [name for name in list_versions(settings) if name > version]
    if later:
        yield f"This is not the latest version: {later[-1]} was built after it."


def _tell_of_parameters(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    for change in find_parameter_changes(connection, SEEDS_FOLDER):
        yield f"Parameter {change.seed} was changed since; its change is not in these figures."


def _tell_of_deliveries(settings: Settings, business_date: date) -> Iterator[str]:
    if not settings.raw_file.exists():
        return
    try:
        with open_raw(settings, with_vault=False) as raw:
            plan = plan_loads(raw, find_deliveries(settings).deliveries)
            blocked = plan.blocked or explain_incomplete_date(raw)
    except duckdb.IOException:
        yield f"A refresh is at work; these are the figures of {business_date}."
        return
    if blocked is not None:
        yield f"Waiting: {blocked.problem}. These are the figures of {business_date}."
    elif plan.dates:
        yield (
            f"{len(plan.dates)} delivered business dates are not loaded yet; these are the "
            f"figures of {business_date}."
        )
