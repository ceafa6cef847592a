"""Precision and recall of the links against a table of who is who."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import duckdb

from bankcrm.dates import END_OF_TIME
from bankcrm.errors import BankcrmError
from pipelines.contracts.contract import Customer
from pipelines.identity.clusters import find_links
from pipelines.identity.edges import choose_everybody
from pipelines.identity.evidence import read_evidence
from pipelines.identity.parameters import load_parameters
from pipelines.identity.review import list_waiting_customers

TRUTH_FILE = "customer_truth.csv"
Pair = tuple[Customer, Customer]


@dataclass(frozen=True)
class Quality:
    """How well pairs of customers were found.

    ``merged`` counts pairs that were made one customer, ``right`` those of them that are one,
    ``true`` all pairs that are one.
    """

    method: str
    merged: int
    right: int
    true: int

    @property
    def precision(self) -> float | None:
        """Part of the merged pairs that are one customer; None when nothing was merged."""
        return self.right / self.merged if self.merged else None

    @property
    def recall(self) -> float | None:
        """Part of the true pairs that were merged; None when there is none."""
        return self.right / self.true if self.true else None


@dataclass(frozen=True)
class QualityReport:
    """Exact documents alone, then with linkage; and how many pairs wait for a person."""

    methods: tuple[Quality, ...]
    waiting: int
    waiting_right: int


def measure_quality(connection: duckdb.DuckDBPyConnection, truth_file: Path) -> QualityReport:
    """Compare today's links with the truth.

    Args:
        connection: the raw database, customers linked.
        truth_file: CSV with person_id, source_system, customer_id.

    Raises:
        BankcrmError: there is no such file.
    """
    persons = _read_truth(truth_file)
    true_pairs = _pairs(persons)
    methods = tuple(
        _judge(name, _find_pairs(connection, with_linkage), true_pairs)
        for name, with_linkage in (("exact documents", False), ("with linkage", True))
    )
    waiting = list_waiting_customers(connection)
    right = sum(persons.get(left) == persons.get(right) for left, right in waiting)
    return QualityReport(methods, len(waiting), right)


def _judge(name: str, merged: set[Pair], true_pairs: set[Pair]) -> Quality:
    return Quality(name, len(merged), len(merged & true_pairs), len(true_pairs))


def _read_truth(path: Path) -> dict[Customer, str]:
    if not path.exists():
        raise BankcrmError(
            f"There is no table of who is who at {path}",
            "Name one with --truth: CSV with person_id, source_system, customer_id.",
        )
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {(row["source_system"], row["customer_id"]): row["person_id"] for row in rows}


def _find_pairs(connection: duckdb.DuckDBPyConnection, with_linkage: bool) -> set[Pair]:
    choose_everybody(connection)
    evidence = read_evidence(connection, load_parameters(), with_linkage=with_linkage)
    links = find_links(evidence.members, evidence.edges, evidence.partings)
    return _pairs({link.customer: link.survivor for link in links if link.valid_to == END_OF_TIME})


def _pairs(names: Mapping[Customer, object]) -> set[Pair]:
    groups: dict[object, list[Customer]] = defaultdict(list)
    for customer, name in names.items():
        groups[name].append(customer)
    return {pair for group in groups.values() for pair in _combine(group)}


def _combine(group: Iterable[Customer]) -> Iterable[Pair]:
    return combinations(sorted(group), 2)
