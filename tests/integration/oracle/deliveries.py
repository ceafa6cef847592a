"""The delivered files, read without the loader: latest rerun of each date, every value as text."""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipelines.contracts.contract import Contract, get_contract

Row = dict[str, str]
_FILE_NAME = re.compile(r"_(\d{4}-\d{2}-\d{2})_r(\d+)\.csv(?:\.gz)?$")
_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Delivery:
    """The rows of one feed and one night."""

    business_date: date
    rows: list[Row]


class Landing:
    """A landing folder.

    Args:
        folder: holds ``<source>/<feed>/<file>``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliveries(self, feed: str) -> list[Delivery]:
        """Nights of ``source.feed`` in order, each with its rows."""
        contract = get_contract(feed)
        latest = self._latest_files(contract)
        return [Delivery(night, _read(contract, latest[night])) for night in sorted(latest)]

    def rows(self, feed: str) -> Iterator[tuple[date, Row]]:
        """Every row of ``source.feed`` with the night that delivered it, in order of nights."""
        for delivery in self.deliveries(feed):
            for row in delivery.rows:
                yield delivery.business_date, row

    def last_rows(self, feed: str) -> list[tuple[date, Row]]:
        """The last delivered row of each key of ``source.feed``."""
        key = get_contract(feed).key
        last = {tuple(row[name] for name in key): (night, row) for night, row in self.rows(feed)}
        return list(last.values())

    def business_dates(self) -> list[date]:
        """Nights of the feed that comes every night."""
        return sorted(self._latest_files(get_contract("branch.account_balance")))

    def _latest_files(self, contract: Contract) -> dict[date, Path]:
        reruns: dict[date, dict[int, Path]] = defaultdict(dict)
        for path in (self._folder / contract.source / contract.feed).glob("*.csv*"):
            found = _FILE_NAME.search(path.name)
            if found is not None:
                reruns[date.fromisoformat(found[1])][int(found[2])] = path
        return {night: paths[max(paths)] for night, paths in reruns.items()}


def _read(contract: Contract, path: Path) -> list[Row]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = content.decode(contract.format.encoding).replace(contract.format.delimiter, _SEPARATOR)
    # A quoted value may contain the delimiter; one character of its own stands for both, and the
    # value gets its delimiter back.
    return [
        {name: value.replace(_SEPARATOR, contract.format.delimiter) for name, value in row.items()}
        for row in csv.DictReader(text.splitlines(), delimiter=_SEPARATOR)
    ]
