"""Step link: find who is one customer, and with that the first day to build again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from bankcrm.warehouse.fingerprint import fingerprint_table
from pipelines.build.base import Base, find_first_day
from pipelines.identity.link import LinkReport, link_customers
from pipelines.privacy.erasure import apply_erasures
from pipelines.refresh.context import RefreshContext


@dataclass(frozen=True)
class Linked:
    """Who is one customer, and what a build would be made from.

    ``refresh_from`` is the first day to build again, None when nothing is new; ``loads`` are the
    ids of the loads that count; ``fingerprint`` is that of ``identity.link``.
    """

    report: LinkReport
    refresh_from: date | None
    loads: tuple[int, ...]
    fingerprint: str


def link(context: RefreshContext, connection: duckdb.DuckDBPyConnection, base: Base) -> Linked:
    """Apply erasures, link the customers, and compare with the version to build upon."""
    with context.run.step("link") as figures:
        erased = apply_erasures(connection, context.settings)
        report = link_customers(connection)
        refresh_from = find_first_day(connection, base)
        loads = _read_whole_loads(connection)
        fingerprint = str(fingerprint_table(connection, "identity.link"))
        figures.update(vars(report), refresh_from=refresh_from, values_erased=erased)
    return Linked(report, refresh_from, loads, fingerprint)


def _read_whole_loads(connection: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    rows = connection.execute("select load_id from ops.whole_load order by all").fetchall()
    return tuple(load_id for (load_id,) in rows)
