"""Convert the files of the Berka bank to extracts, one set per business date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import duckdb

from pipelines.contracts.contract import Contract, get_contract
from pipelines.sources.berka.balances import order_entries
from pipelines.sources.berka.feeds import FEEDS, make_feed_table
from pipelines.sources.berka.files import read_files
from pipelines.sources.berka.loans import make_loan_tables
from pipelines.sources.berka.slice import Period, find_period, make_slice
from pipelines.sources.berka.summary import (
    BerkaSummary,
    check_balances,
    find_left_out,
    find_oddities,
)
from pipelines.sources.extract import ExtractWriter


def make_berka_extracts(
    folder: Path,
    landing: Path,
    *,
    until: date | None = None,
    on_progress: Callable[[date], None] | None = None,
) -> BerkaSummary:
    """Write the bank's extracts for every calendar date that its transactions span.

    Args:
        folder: folder of the eight ``.asc`` files.
        landing: folder that receives ``<source>/<feed>/<file>``.
        until: last business date; the last transaction date unless given.
        on_progress: called with each business date once its deliveries are written.

    Raises:
        BankcrmError: when files are missing, or ``until`` lies before the first transaction.
        RejectedDelivery: when a file is malformed or contradicts another.
    """
    # Thousands of small queries run faster on one thread, which also keeps rows in order.
    with duckdb.connect(config={"threads": 1}) as connection:
        rows_read = read_files(folder, connection)
        period = find_period(connection, until)
        make_slice(connection, period)
        order_entries(connection)
        make_loan_tables(connection)
        rows = {name: _make_feed(get_contract(name), connection) for name in FEEDS}
        files = _deliver(ExtractWriter(landing, connection), rows, period, on_progress)
        return BerkaSummary(
            first_date=period.first,
            last_date=period.last,
            rows_read=rows_read,
            rows={name: sum(by_date.values()) for name, by_date in rows.items()},
            files=files,
            left_out=find_left_out(connection),
            balances=check_balances(connection),
            findings=find_oddities(connection),
        )


def _make_feed(contract: Contract, connection: duckdb.DuckDBPyConnection) -> dict[date, int]:
    """Create the table of a feed; return its number of rows by business date."""
    table = make_feed_table(contract, connection)
    return dict(
        connection.execute(
            f"select business_date, count(*) from {table} group by business_date"
        ).fetchall()
    )


def _deliver(
    writer: ExtractWriter,
    rows: Mapping[str, Mapping[date, int]],
    period: Period,
    on_progress: Callable[[date], None] | None,
) -> dict[str, int]:
    """Write every delivery, night by night; return the number of files by feed."""
    files: Counter[str] = Counter(dict.fromkeys(rows, 0))
    for night in _nights(period):
        for name, by_date in rows.items():
            contract = get_contract(name)
            if night in by_date or contract.mandatory:
                writer.write(contract, night, _delivery_query(name, night))
                files[name] += 1
        if on_progress is not None:
            on_progress(night)
    return dict(files)


def _delivery_query(feed: str, night: date) -> str:
    return (
        f'select * exclude (business_date) from "feed.{feed}" '
        f"where business_date = date '{night}'"
    )


def _nights(period: Period) -> Iterator[date]:
    for offset in range((period.last - period.first).days + 1):
        yield period.first + timedelta(days=offset)
