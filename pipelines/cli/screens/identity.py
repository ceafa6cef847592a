"""What ``bankcrm identity`` shows and does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from rich.console import Console

from bankcrm.audit import acting_user, record
from bankcrm.errors import NothingPublished
from bankcrm.settings import Settings
from pipelines.cli.screens.tables import print_rows
from pipelines.contracts.contract import Customer
from pipelines.identity.quality import TRUTH_FILE, measure_quality
from pipelines.identity.review import (
    Verdict,
    decide,
    describe_side,
    find_pair,
    list_waiting,
    read_customer,
)
from pipelines.loading.raw import open_raw
from pipelines.operations.lock import hold_lock

WHAT_FOLLOWS = {
    "accept": "are one customer",
    "reject": "are not one customer",
    "undo": "are decided by the rules again",
}


def print_waiting(console: Console, settings: Settings, limit: int) -> None:
    """List the likeliest pairs that wait for a person, both customers side by side."""
    with _open_linked(settings) as connection:
        pairs = list_waiting(connection, limit)
    if not pairs:
        console.print("No pair of customers waits for review.")
    for pair in pairs:
        left, right = describe_side(pair.left), describe_side(pair.right)
        rows = [(name, left[name], right[name]) for name in left]
        title = f"{pair.pair_id}  probability {pair.match_probability:.4f}"
        print_rows(console, (title, "one", "other"), rows)
        console.print(pair.reasons, markup=False, highlight=False)
    if pairs:
        console.print(
            "\n`bankcrm identity accept ID` or `reject ID`, with --reason, decides a pair.",
            highlight=False,
        )


def record_decision(
    console: Console,
    settings: Settings,
    verdict: Verdict,
    names: tuple[str, ...],
    *,
    decided_by: str,
    reason: str,
) -> None:
    """Keep a decision on a pair, named by its id or by two customers ``system:id``."""
    with _open_linked(settings) as connection:
        pair = _find(connection, names)
        pair_id = decide(connection, verdict, pair, decided_by=decided_by, reason=reason)
    decision = {"verdict": verdict, "reason": reason, "entered_by": acting_user()}
    record(settings, "identity_decided", decided_by, pair_id, decision)
    left, right = (":".join(customer) for customer in pair)
    console.print(
        f"{pair_id}: {left} and {right} {WHAT_FOLLOWS[verdict]} from the next refresh on.",
        highlight=False,
    )


def print_quality(console: Console, settings: Settings, truth: Path | None) -> None:
    """Print precision and recall of pairs, exact documents alone and with linkage."""
    truth_file = truth or settings.home / "truth" / TRUTH_FILE
    with _open_linked(settings) as connection:
        report = measure_quality(connection, truth_file)
    rows = [
        (q.method, q.true, q.merged, q.merged - q.right, _share(q.precision), _share(q.recall))
        for q in report.methods
    ]
    columns = ("method", "true_pairs", "merged", "wrong", "precision", "recall")
    print_rows(console, columns, rows, "Pairs of customers that are one")
    console.print(f"Waiting for review: {report.waiting}, rightly {report.waiting_right}.")


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _find(
    connection: duckdb.DuckDBPyConnection, names: tuple[str, ...]
) -> tuple[Customer, Customer]:
    if len(names) == 1:
        return find_pair(connection, names[0])
    left, right = (read_customer(name) for name in names)
    return left, right


@contextmanager
def _open_linked(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The raw database, kept from a refresh meanwhile."""
    if not settings.raw_file.exists():
        raise NothingPublished(
            f"Nothing was loaded into {settings.home} yet", "Run `bankcrm refresh` first."
        )
    with hold_lock(settings.home), open_raw(settings) as connection:
        yield connection
