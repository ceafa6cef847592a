"""A small sample bank, read back from its files."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from pipelines.contracts.contract import Contract, load_contracts
from pipelines.landing.control import ControlFile, control_path
from pipelines.sources.sample import SampleSummary, make_sample_bank

START = date(2024, 1, 17)
DAYS = 75


@dataclass(frozen=True)
class Delivery:
    """One data file as rows of texts, with its control file."""

    contract: Contract
    path: Path
    control: ControlFile
    header: list[str]
    rows: list[dict[str, str]]


@dataclass(frozen=True)
class DeliveredBank:
    """All deliveries by feed, in the order of their business dates."""

    landing: Path
    summary: SampleSummary
    deliveries: dict[str, list[Delivery]]

    @property
    def nights(self) -> list[date]:
        """All business dates."""
        days = (self.summary.last_night - self.summary.first_night).days + 1
        return [self.summary.first_night + timedelta(days=day) for day in range(days)]

    def rows(self, feed: str) -> list[tuple[date, dict[str, str]]]:
        """All rows of a feed with the business date that delivered them."""
        return [
            (delivery.control.business_date, row)
            for delivery in self.deliveries[feed]
            for row in delivery.rows
        ]


def read_delivery(contract: Contract, path: Path) -> Delivery:
    raw = path.read_bytes()
    text = gzip.decompress(raw) if path.suffix == ".gz" else raw
    content = text.decode(contract.format.encoding).replace(contract.format.delimiter, "\x1f")
    lines = list(csv.reader(content.splitlines(), delimiter="\x1f"))
    control = ControlFile.model_validate_json(control_path(path).read_text(encoding="utf-8"))
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    return Delivery(contract, path, control, lines[0], rows)


def read_bank(landing: Path, summary: SampleSummary) -> DeliveredBank:
    deliveries = {}
    for name, contract in load_contracts().items():
        folder = landing / contract.source / contract.feed
        files = sorted(folder.glob("*.csv*"))
        deliveries[name] = [read_delivery(contract, path) for path in files]
    return DeliveredBank(landing, summary, deliveries)


class MakeBank(Protocol):
    """Makes a sample bank and reads it back."""

    def __call__(self, *, customers: int, days: int) -> DeliveredBank:
        """Make a bank of that size."""


@pytest.fixture
def make_bank(tmp_path: Path) -> MakeBank:
    """Makes banks of other sizes in a folder of the test."""

    def make(*, customers: int, days: int) -> DeliveredBank:
        summary = make_sample_bank(tmp_path, customers=customers, days=days)
        return read_bank(tmp_path, summary)

    return make


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> DeliveredBank:
    """A bank of 300 customers from the middle of January to the end of March of a leap year."""
    folder = tmp_path_factory.mktemp("sample")
    summary = make_sample_bank(
        folder / "landing",
        customers=300,
        days=DAYS,
        start=START,
        truth_folder=folder / "truth",
    )
    return read_bank(folder / "landing", summary)
