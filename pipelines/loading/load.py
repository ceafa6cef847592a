"""Load deliveries into the raw database: each exactly once, each in one transaction."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal, Self

import duckdb

from bankcrm.sql import fetch_row
from bankcrm.transactions import transaction
from pipelines.contracts.contract import Contract
from pipelines.contracts.stored_columns import stored_names
from pipelines.landing.folder import Delivery
from pipelines.loading.backdating import find_earliest_affected_date
from pipelines.loading.load_ledger import (
    Ledger,
    LoadRecord,
    describe_attempt,
    record_load,
    record_rejection,
    supersede,
)
from pipelines.loading.quarantine import store_quarantine
from pipelines.loading.repeated_keys import set_repeated_rows_aside, store_repeated_rows
from pipelines.privacy.vault_entries import tokenise_quarantine, tokenise_rows
from pipelines.validation.dispositions import (
    IS_ACCEPTED,
    accepted_rows_sql,
    quarantined_rows_sql,
)
from pipelines.validation.examination import LARGEST_FILE, Examination, examine_file
from pipelines.validation.figures import RowCounts
from pipelines.validation.optional_fields import store_nulled_fields
from pipelines.validation.text_file import SMALL_FILE

LoadStatus = Literal["loaded", "already loaded", "rejected"]
NO_ROWS = RowCounts(0, 0, 0, 0)
GZIP_FACTOR = 8
"""About as much larger is an extract once it is decompressed."""


@dataclass(frozen=True)
class LoadResult:
    """What became of one delivery.

    ``load_id`` names the ledger row about it: an earlier one when the same file was loaded or
    rejected before. ``rules`` counts quarantined rows by ``column: rule``; a row may break several.
    ``nulled_fields`` counts optional fields that were left empty in the same way.
    ``earliest_affected_date`` is the earliest date the load changes, None unless loaded now.
    """

    load_id: int
    source: str
    feed: str
    file_name: str
    business_date: date
    rerun: int
    status: LoadStatus
    rows_delivered: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_collapsed: int = 0
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    rules: dict[str, int] = field(default_factory=dict)
    nulled_fields: dict[str, int] = field(default_factory=dict)
    earliest_affected_date: date | None = None


class Loader:
    """Loads one delivery after another; between them it keeps the ledger in memory.

    Small files are loaded by one thread: waking several costs more than they save. As a context
    manager it gives the connection its threads back at the end.

    Args:
        connection: from :func:`open_raw`, without an open transaction; nobody else loads with it
            meanwhile.
        max_bytes: largest file accepted after decompression.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, max_bytes: int = LARGEST_FILE
    ) -> None:
        self._connection = connection
        self._max_bytes = max_bytes
        self._ledger = Ledger(connection)
        (threads,) = fetch_row(connection, "select current_setting('threads')")
        self._most_threads = self._threads = int(threads)
        self.seconds_checking = 0.0
        """Seconds spent on checking files so far; the rest of a load's time stores rows."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._use_threads(self._most_threads)

    def load(self, delivery: Delivery) -> LoadResult:
        """Load one delivery, unless it was loaded before or is not fit to load.

        Bad data is a result, not an error: rejected files are named in the ledger and stay in the
        landing folder.
        """
        records = self._ledger.find(delivery)
        active = next((record for record in records if record.is_active), None)
        if active is not None and delivery.control.rerun <= active.rerun:
            return _decline(self._connection, self._ledger, delivery, active)
        self._use_threads(1 if _is_small(delivery.data_file) else self._most_threads)
        begin = time.perf_counter()
        examination = examine_file(
            self._connection,
            delivery.data_file,
            delivery.contract,
            delivery.control.business_date,
            control=delivery.control,
            max_bytes=self._max_bytes,
        )
        self.seconds_checking += time.perf_counter() - begin
        problems = (*_compare_sequence(delivery, active), *examination.problems)
        if problems:
            return _reject(self._connection, self._ledger, delivery, examination.sha256, problems)
        contract, business_date = delivery.contract, delivery.control.business_date
        examination = set_repeated_rows_aside(
            self._connection, contract, business_date, examination
        )
        return _store(self._connection, self._ledger, delivery, examination, active)

    def _use_threads(self, threads: int) -> None:
        if threads != self._threads:
            self._connection.execute(f"set threads = {threads}")
            self._threads = threads


def _is_small(path: Path) -> bool:
    size = path.stat().st_size
    return (size * GZIP_FACTOR if path.suffix == ".gz" else size) <= SMALL_FILE


def load_delivery(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, max_bytes: int = LARGEST_FILE
) -> LoadResult:
    """Load a single delivery; see :class:`Loader`."""
    with Loader(connection, max_bytes) as loader:
        return loader.load(delivery)


def _decline(
    connection: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    delivery: Delivery,
    active: LoadRecord,
) -> LoadResult:
    """Answer a file whose business date is loaded already with the same or a higher rerun."""
    rerun, sha256 = delivery.control.rerun, delivery.sha256
    for record in ledger.find(delivery):
        if record.status == "loaded" and record.rerun == rerun and record.sha256 == sha256:
            return _result(delivery, record.load_id, "already loaded")
    if rerun == active.rerun:
        problem = (
            f"rerun {rerun} of this business date was loaded with other content;"
            f" deliver the correction as rerun {rerun + 1}"
        )
    else:
        problem = f"rerun {active.rerun} of this business date is loaded; rerun {rerun} is ignored"
    return _reject(connection, ledger, delivery, sha256, (problem,))


def _compare_sequence(delivery: Delivery, active: LoadRecord | None) -> tuple[str, ...]:
    sequence = delivery.control.sequence
    if active is None or active.sequence == sequence:
        return ()
    return (f"a rerun repeats the sequence number {active.sequence} of its date, not {sequence}",)


def _reject(
    connection: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    delivery: Delivery,
    sha256: str,
    problems: tuple[str, ...],
) -> LoadResult:
    """Record a rejected file, once: the same content with the same problems is known already."""
    problem = "; ".join(problems)
    attempt = ("rejected", delivery.control.rerun, sha256, problem)
    for record in ledger.find(delivery):
        if (record.status, record.rerun, record.sha256, record.problem) == attempt:
            return _result(delivery, record.load_id, "rejected", problems=problems)
    load_id = ledger.next_id
    with transaction(connection):
        record_rejection(connection, load_id, delivery, sha256, problem)
    ledger.enter(describe_attempt(load_id, delivery, "rejected", sha256, problem=problem))
    return _result(delivery, load_id, "rejected", problems=problems)


def _store(
    connection: duckdb.DuckDBPyConnection,
    ledger: Ledger,
    delivery: Delivery,
    examination: Examination,
    active: LoadRecord | None,
) -> LoadResult:
    """Write rows, quarantine, ledger and totals of one file in one transaction.

    Its personal values are in the vault before that.
    """
    relation = _tokenise(connection, delivery.contract, examination)
    earliest_affected_date = _find_affected_date(
        connection, delivery, examination, relation, active
    )
    load_id, sha256 = ledger.next_id, examination.sha256
    with transaction(connection):
        _write_rows(connection, delivery, examination, relation, load_id)
        record_load(connection, load_id, delivery, examination, earliest_affected_date)
        if active is not None:
            supersede(connection, active.load_id, load_id)
    ledger.enter(
        describe_attempt(
            load_id, delivery, "loaded", sha256, earliest_affected_date=earliest_affected_date
        )
    )
    return _result(
        delivery,
        load_id,
        "loaded",
        examination.rows or NO_ROWS,
        warnings=examination.warnings,
        rules=examination.broken_rules,
        nulled_fields=examination.nulled_fields,
        earliest_affected_date=earliest_affected_date,
    )


def _tokenise(
    connection: duckdb.DuckDBPyConnection, contract: Contract, examination: Examination
) -> str:
    """The rows of a file as they are stored; what is personal goes into the vault."""
    if examination.broken_rules:
        tokenise_quarantine(connection, contract, quarantined_rows_sql(examination.relation))
    if not contract.is_personal:
        return examination.relation
    accepted = f"select * from {examination.relation} where {IS_ACCEPTED}"
    return tokenise_rows(connection, contract, accepted)


def _find_affected_date(
    connection: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    examination: Examination,
    relation: str,
    active: LoadRecord | None,
) -> date:
    earliest_affected_date = find_earliest_affected_date(
        connection,
        delivery.contract,
        relation,
        delivery.control.business_date,
        examination.earliest_effective_date,
    )
    if active is None or active.earliest_affected_date is None:
        return earliest_affected_date
    return min(earliest_affected_date, active.earliest_affected_date)


def _write_rows(
    connection: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    examination: Examination,
    relation: str,
    load_id: int,
) -> None:
    contract, business_date = delivery.contract, delivery.control.business_date
    names = stored_names(contract)
    connection.execute(accepted_rows_sql(contract, names, relation, business_date, load_id))
    if examination.broken_rules:
        store_quarantine(connection, contract, business_date, load_id)
    if examination.nulled_fields:
        store_nulled_fields(connection, examination.relation, load_id)
    if contract.delivers_keys_once:
        store_repeated_rows(connection, load_id)


def _result(
    delivery: Delivery,
    load_id: int,
    status: LoadStatus,
    rows: RowCounts = NO_ROWS,
    *,
    problems: tuple[str, ...] = (),
    warnings: tuple[str, ...] = (),
    rules: dict[str, int] | None = None,
    nulled_fields: dict[str, int] | None = None,
    earliest_affected_date: date | None = None,
) -> LoadResult:
    return LoadResult(
        load_id=load_id,
        source=delivery.contract.source,
        feed=delivery.contract.feed,
        file_name=delivery.file_name,
        business_date=delivery.control.business_date,
        rerun=delivery.control.rerun,
        status=status,
        rows_delivered=rows.delivered,
        rows_accepted=rows.accepted,
        rows_quarantined=rows.quarantined,
        rows_collapsed=rows.collapsed,
        problems=problems,
        warnings=warnings,
        rules=rules or {},
        nulled_fields=nulled_fields or {},
        earliest_affected_date=earliest_affected_date,
    )
