"""Entry of the sample bank: simulate a period, then deliver it night by night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from bankcrm.errors import BankcrmError
from bankcrm.sql import quote_text
from pipelines.contracts.contract import Contract, load_contracts
from pipelines.sources.extract import ExtractWriter
from pipelines.sources.sample.contact_feeds import ContactFeeds
from pipelines.sources.sample.feeds import FeedTables
from pipelines.sources.sample.period import Period
from pipelines.sources.sample.risk_feeds import RiskFeeds
from pipelines.sources.sample.simulation import simulate_bank
from pipelines.sources.sample.truth import make_truth

SMALLEST_BANK = 20
TRUTH_FILE = "customer_truth.csv"


@dataclass(frozen=True)
class SampleSummary:
    """What was written.

    ``rows`` counts the delivered rows by ``source.feed``, ``files`` the data files (each has a
    control file beside it); ``truth`` is the path of the truth table, None without one.
    """

    rows: dict[str, int]
    files: int
    first_night: date
    last_night: date
    truth: Path | None


def make_sample_bank(
    landing: Path,
    *,
    customers: int = 2000,
    days: int = 60,
    seed: int = 7,
    start: date = date(2024, 1, 1),
    truth_folder: Path | None = None,
    on_progress: Callable[[date], None] | None = None,
) -> SampleSummary:
    """Write the extracts of a generated bank for every feed and business date.

    The same arguments give the same bytes. Every calendar day is a business date.

    Args:
        landing: folder that receives ``<source>/<feed>/<file>``.
        customers: customers of the branch system, at least 20.
        days: number of nights, at least one.
        seed: not negative; another seed is another bank.
        start: first business date.
        truth_folder: folder that receives ``customer_truth.csv`` (person_id, source_system,
            customer_id): who is who, which no extract tells. None writes no truth table.
        on_progress: called with each business date after its files are written.

    Raises:
        BankcrmError: customers, days or seed are out of range.
    """
    _check_size(customers, days, seed)
    bank = simulate_bank(seed, Period(start, days), customers)
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        FeedTables(connection, bank).make_all()
        RiskFeeds(connection, bank).make_all()
        ContactFeeds(connection, bank).make_all()
        make_truth(connection, bank)
        truth = _write_truth(connection, truth_folder)
        rows, files = _deliver(connection, landing, bank.period, on_progress)
    return SampleSummary(rows, files, start, bank.period.date_of(days - 1), truth)


def _check_size(customers: int, days: int, seed: int) -> None:
    if customers < SMALLEST_BANK or days < 1 or seed < 0:
        raise BankcrmError(
            f"A sample bank of {customers} customers, {days} days and seed {seed} is not possible",
            f"Ask for at least {SMALLEST_BANK} customers, one day, and a seed from 0 up.",
        )


def _deliver(
    connection: duckdb.DuckDBPyConnection,
    landing: Path,
    period: Period,
    on_progress: Callable[[date], None] | None,
) -> tuple[dict[str, int], int]:
    contracts = load_contracts()
    counts = {name: _count_rows(connection, contract) for name, contract in contracts.items()}
    writer, files = ExtractWriter(landing, connection), 0
    for day in range(period.days):
        for name, contract in contracts.items():
            if counts[name][day] or contract.mandatory:
                query = f"select * from {name} where day = {day}"
                writer.write(contract, period.date_of(day), query)
                files += 1
        if on_progress is not None:
            on_progress(period.date_of(day))
    return {name: count.total() for name, count in counts.items()}, files


def _count_rows(connection: duckdb.DuckDBPyConnection, contract: Contract) -> Counter[int]:
    query = f"select day, count(*) from {contract.name} group by all"
    return Counter(dict(connection.execute(query).fetchall()))


def _write_truth(connection: duckdb.DuckDBPyConnection, folder: Path | None) -> Path | None:
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / TRUTH_FILE
    query = "from truth order by person_id, source_system"
    connection.execute(f"copy ({query}) to {quote_text(str(path))} (format csv, header)")
    return path
