"""A landing folder, a raw database, and ways to deliver good and bad files."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from bankcrm.files import hash_file
from bankcrm.settings import Settings
from pipelines.contracts.contract import get_contract
from pipelines.landing.control import ControlFile, control_path, delivery_stem
from pipelines.landing.delivery import write_control
from pipelines.landing.folder import Delivery, find_deliveries
from pipelines.loading.load import LoadResult, load_delivery
from pipelines.loading.raw import open_raw
from pipelines.sources.extract import ExtractWriter
from pipelines.validation.examination import LARGEST_FILE


@dataclass
class Bank:
    """Delivers files and loads them. ``raw`` is the open raw database."""

    settings: Settings
    raw: duckdb.DuckDBPyConnection
    writer: ExtractWriter

    def deliver(self, feed: str, business_date: date, query: str) -> Path:
        """Deliver the rows of a query, as the extract writer does."""
        path = self.writer.write(get_contract(feed), business_date, query)
        assert path is not None
        return path

    def deliver_bytes(
        self,
        feed: str,
        business_date: date,
        content: bytes,
        *,
        suffix: str | None = None,
        **statement: Any,
    ) -> Path:
        """Deliver these bytes with a control file that states their hash, unless told otherwise."""
        contract = get_contract(feed)
        is_gzip = contract.format.compression == "gzip" if suffix is None else False
        folder = self.settings.landing_folder / contract.source / contract.feed
        folder.mkdir(parents=True, exist_ok=True)
        stem = delivery_stem(contract.feed, business_date, statement.get("rerun", 0))
        path = folder / (stem + (suffix or (".csv.gz" if is_gzip else ".csv")))
        path.write_bytes(gzip.compress(content, mtime=0) if is_gzip else content)
        stated = {
            "source": contract.source,
            "feed": contract.feed,
            "business_date": business_date,
            "sequence": 1,
            "rows": max(content.count(b"\n") - 1, 0),
            "totals": {total.label: Decimal(0) for total in contract.control_totals},
            "sha256": hash_file(path),
        } | statement
        write_control(path, ControlFile.model_validate(stated))
        return path

    def deliver_lines(
        self, feed: str, business_date: date, lines: list[str], **statement: Any
    ) -> Path:
        """Deliver rows of text under the header of the contract."""
        contract = get_contract(feed)
        header = contract.format.delimiter.join(contract.column_names)
        content = "\n".join([header, *lines]) + "\n"
        return self.deliver_bytes(
            feed, business_date, content.encode(contract.format.encoding), **statement
        )

    def restate(self, path: Path, **changes: Any) -> None:
        """Change statements of a control file."""
        control = ControlFile.model_validate_json(control_path(path).read_bytes())
        write_control(path, control.model_copy(update=changes))

    def find(self, path: Path) -> Delivery:
        """The delivery of a data file."""
        found = find_deliveries(self.settings)
        return next(d for d in found.deliveries if d.data_file == path)

    def load(self, path: Path, max_bytes: int = LARGEST_FILE) -> LoadResult:
        """Load one delivered file."""
        return load_delivery(self.raw, self.find(path), max_bytes)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the raw database."""
        rows: list[tuple[Any, ...]] = self.raw.execute(sql).fetchall()
        return rows

    def assert_books_balance(self) -> None:
        """Delivered = accepted + quarantined + collapsed, for rows and for every total."""
        assert not self.query(
            "select * from ops.load where status = 'loaded'"
            " and rows_delivered <> rows_accepted + rows_quarantined + rows_collapsed"
        )
        assert not self.query(
            "select * from ops.load_total where delivered <> accepted + quarantined + collapsed"
        )


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    yield from open_bank(tmp_path)


@pytest.fixture(scope="module")
def shared_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """A bank for a whole module: its raw database keeps what every test before has loaded."""
    yield from open_bank(tmp_path_factory.mktemp("shared"))


def open_bank(folder: Path) -> Iterator[Bank]:
    settings = Settings(home=folder / "home", threads=1)
    with open_raw(settings) as raw, duckdb.connect() as source:
        yield Bank(settings, raw, ExtractWriter(settings.landing_folder, source))


def balances(*rows: tuple[str, str]) -> str:
    """Query of account balances, as (account, balance)."""
    values = ", ".join(f"('{account}', {balance})" for account, balance in rows)
    return f"select * from (values {values}) as t(account_id, balance)"


@pytest.fixture
def account_balances() -> Callable[..., str]:
    return balances
