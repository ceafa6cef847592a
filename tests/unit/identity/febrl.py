"""The FEBRL sets: records of persons full of errors that nobody here made, and who is who.

Originals are customers of the branch system, their duplicates of the card and loan systems. There
is neither a telephone number nor a gender; the social security number stands for an ID card.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from typing import Any

import pyarrow as pa

from pipelines.contracts.contract import Customer
from pipelines.identity.review import list_waiting_customers
from tests.unit.identity.conftest import DAYS, Bank

RECORD_ID = re.compile(r"rec-(?P<person>\d+)-(?:org|dup-?(?P<copy>\d+))")
DUPLICATES_IN = ("card", "loan")
Pair = tuple[Customer, Customer]


@dataclass(frozen=True)
class Person:
    """A record of a set: what a system delivers, and whose record it truly is."""

    customer: Customer
    person: str
    values: dict[str, object]


@dataclass(frozen=True)
class Found:
    """What became of the true pairs, and of the others."""

    true: int
    merged: int
    wrong: int
    found: int
    waiting_share: float

    @property
    def recall(self) -> float:
        """Part of the true pairs that are merged or wait for a person."""
        return self.found / self.true

    @property
    def merged_recall(self) -> float:
        """Part of the true pairs that are merged."""
        return (self.merged - self.wrong) / self.true

    @property
    def precision(self) -> float:
        """Part of the merged pairs that are true."""
        return (self.merged - self.wrong) / self.merged


def read_people(lines: Iterable[str], *, with_documents: bool) -> list[Person]:
    """Records of a set, from the lines of its CSV."""
    reader = csv.DictReader(lines, skipinitialspace=True)
    return [_read_person(_strip(row), with_documents=with_documents) for row in reader]


def link_people(bank: Bank, people: Iterable[Person]) -> Found:
    """Deliver the records on one date, link them, and compare with the truth."""
    known = list(people)
    for system in ("branch", *DUPLICATES_IN):
        rows = [
            {**one.values, "customer_id": one.customer[1]}
            for one in known
            if one.customer[0] == system
        ]
        bank.deliver_many(DAYS[0], system, pa.Table.from_pylist(rows, SCHEMA))
    bank.link()
    groups: dict[str, list[Customer]] = defaultdict(list)
    for one in known:
        groups[one.person].append(one.customer)
    true = set(_pair_up(groups.values()))
    merged = {
        pair
        for pair in _pair_up(tuple(sorted(_split(name) for name in g)) for g in bank.groups())
        if pair[0][0] != pair[1][0]
    }
    waiting = set(list_waiting_customers(bank.connection))
    waits = {customer for pair in waiting for customer in pair}
    return Found(
        true=len(true),
        merged=len(merged),
        wrong=len(merged - true),
        found=len(true & (merged | waiting)),
        waiting_share=len(waits) / len(known),
    )


COLUMNS: list[pa.Field[Any]] = [
    pa.field("customer_id", pa.string()),
    pa.field("customer_type", pa.string()),
    pa.field("full_name", pa.string()),
    pa.field("document_type", pa.string()),
    pa.field("document_number", pa.string()),
    pa.field("birth_date", pa.date32()),
    pa.field("address", pa.string()),
    pa.field("city", pa.string()),
]
SCHEMA = pa.schema(COLUMNS)


def _read_person(row: dict[str, str], *, with_documents: bool) -> Person:
    matched = RECORD_ID.fullmatch(row["rec_id"])
    assert matched, row["rec_id"]
    copy = matched["copy"]
    system = "branch" if copy is None else DUPLICATES_IN[int(copy) % 2]
    values: dict[str, object] = {
        "customer_type": "PERSON",
        "full_name": _join(row, "given_name", "surname"),
        "birth_date": _read_date(row["date_of_birth"]),
        "address": _join(row, "street_number", "address_1", "address_2", "postcode", "state"),
        "city": row["suburb"] or None,
    }
    if with_documents and row["soc_sec_id"]:
        values |= {"document_type": "ID_CARD", "document_number": row["soc_sec_id"]}
    return Person((system, row["rec_id"]), matched["person"], values)


def _strip(row: dict[str, str]) -> dict[str, str]:
    return {name.strip(): (value or "").strip() for name, value in row.items()}


def _join(row: dict[str, str], *names: str) -> str | None:
    return " ".join(row[name] for name in names if row[name]) or None


def _read_date(text: str) -> date | None:
    """A date of birth; the sets contain some that no calendar has."""
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        return None


def _split(name: str) -> Customer:
    system, _, number = name.partition(":")
    return system, number


def _pair_up(groups: Iterable[Iterable[Customer]]) -> Iterator[Pair]:
    """Pairs of different systems: two ids of one system merge by a document only."""
    for group in groups:
        yield from ((a, b) for a, b in combinations(sorted(group), 2) if a[0] != b[0])
