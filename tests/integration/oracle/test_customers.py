"""One customer: merges against the delivered documents and against the truth."""

from __future__ import annotations

import csv
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

from tests.integration.oracle.bank import OracleBank

SourceCustomer = tuple[str, str]
SYSTEMS = ("branch", "loan", "card")
LOWEST_RECALL = 0.85
"""Part of the true pairs that exact documents must find; the rest delivered no document."""


def test_customers_are_one_exactly_where_their_documents_are(bank: OracleBank) -> None:
    assert _groups(bank.keys) == _groups(_documents(bank))


def test_there_are_as_many_customers_as_documents_and_undocumented_ids(bank: OracleBank) -> None:
    row = bank.published.execute(
        """
        select count(distinct customer_durable_key)
        from marts.dim_customer
        where customer_durable_key > 0 and not is_inferred
        """
    ).fetchone()
    assert row == (len(set(_documents(bank).values())),)


def test_no_two_persons_share_a_key_and_most_true_pairs_are_found(sample: OracleBank) -> None:
    persons = _truth(sample)
    merged = _pairs(_groups(sample.keys))
    true_pairs = _pairs(_groups(persons))
    found = len(merged & true_pairs) / len(true_pairs)
    assert merged, "no customers were merged"
    assert merged <= true_pairs, f"merged wrongly: {sorted(merged - true_pairs)[:5]}"
    assert found >= LOWEST_RECALL, f"found {found:.3f} of {len(true_pairs)} true pairs"


def test_the_truth_names_every_delivered_customer(sample: OracleBank) -> None:
    assert _documents(sample).keys() == _truth(sample).keys() == sample.keys.keys()


def _documents(bank: OracleBank) -> dict[SourceCustomer, tuple[str, ...]]:
    """Document of each source customer, or the customer's own id where there is none."""
    documents: dict[SourceCustomer, tuple[str, ...]] = {}
    for system in SYSTEMS:
        for _, row in bank.landing.last_rows(f"{system}.customer"):
            customer = (system, row["customer_id"])
            number = _normalise(row["document_number"])
            documents[customer] = (row["document_type"], number) if number else customer
    return documents


def _normalise(number: str) -> str:
    return "".join(unicodedata.normalize("NFKC", number).upper().split())


def _truth(bank: OracleBank) -> dict[SourceCustomer, str]:
    path = bank.settings.home / "truth" / "customer_truth.csv"
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {(row["source_system"], row["customer_id"]): row["person_id"] for row in rows}


def _groups(names: Mapping[SourceCustomer, object]) -> set[frozenset[SourceCustomer]]:
    groups: dict[object, set[SourceCustomer]] = defaultdict(set)
    for customer, name in names.items():
        groups[name].add(customer)
    return {frozenset(group) for group in groups.values()}


def _pairs(groups: Iterable[frozenset[SourceCustomer]]) -> set[tuple[SourceCustomer, ...]]:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}
