"""Step load: check and store every planned delivery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import duckdb

from pipelines.loading.load import Loader, LoadResult
from pipelines.loading.load_plan import LoadPlan
from pipelines.loading.quarantine import QuarantinedRow, list_quarantine
from pipelines.monitoring.alerts import alert_about_card_numbers
from pipelines.refresh.context import RefreshContext

MOST_ROWS_SHOWN = 20


@dataclass(frozen=True)
class Loaded:
    """What became of each delivery; ``quarantined`` are the first rows in quarantine, at most
    20."""

    results: tuple[LoadResult, ...]
    quarantined: tuple[QuarantinedRow, ...]


def load(context: RefreshContext, connection: duckdb.DuckDBPyConnection, plan: LoadPlan) -> Loaded:
    """Load every planned delivery, in order; a rejected one does not stop the others."""
    with context.run.step("load") as figures:
        deliveries = tuple(chain.from_iterable(planned for _, planned in plan.dates))
        results: list[LoadResult] = []
        with Loader(connection, context.settings.max_file_bytes) as loader:
            for delivery in deliveries:
                result = loader.load(delivery)
                results.append(result)
                context.run.log("delivery", **_describe(result))
                context.watcher.loaded(result, len(results), len(deliveries))
        alert_about_card_numbers(context.settings, context.run.run_id, results)
        quarantined = _list_quarantined(connection, results)
        figures["seconds_checking"] = round(loader.seconds_checking, 3)
        figures.update(_count_rows(results))
    return Loaded(tuple(results), quarantined)


def _list_quarantined(
    connection: duckdb.DuckDBPyConnection, results: Iterable[LoadResult]
) -> tuple[QuarantinedRow, ...]:
    rows: list[QuarantinedRow] = []
    for result in results:
        if result.rows_quarantined and len(rows) < MOST_ROWS_SHOWN:
            limit = MOST_ROWS_SHOWN - len(rows)
            rows += list_quarantine(connection, load_id=result.load_id, limit=limit)
    return tuple(rows)


def _describe(result: LoadResult) -> dict[str, object]:
    """What the log of the run keeps of a delivery."""
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
        "nulled_fields": result.nulled_fields,
    }


def _count_rows(results: Iterable[LoadResult]) -> dict[str, int]:
    """Rows of all deliveries of the run."""
    counted = list(results)
    return {
        "delivered": sum(result.rows_delivered for result in counted),
        "accepted": sum(result.rows_accepted for result in counted),
        "quarantined": sum(result.rows_quarantined for result in counted),
        "rejected_files": sum(result.status == "rejected" for result in counted),
    }
