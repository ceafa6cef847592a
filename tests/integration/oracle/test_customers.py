"""One customer: merges against the delivered documents and against the truth."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations

import duckdb

from tests.integration.oracle.bank import OracleBank

SourceCustomer = tuple[str, str]
SYSTEMS = ("branch", "loan", "card")
LOWEST_RECALL = 0.97
"""Part of the true pairs that documents and linkage together must find."""
MERGED = 0.99
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_OLD_CARD = re.compile(r"\d{15}")


def test_customers_are_one_exactly_where_documents_or_linkage_say_so(bank: OracleBank) -> None:
    names = _documents(bank)
    groups = {frozenset(group) for group in _join(_groups(names), _linked(bank))}
    assert _groups(bank.keys) == groups


def test_there_are_as_many_customers_as_groups_of_ids(bank: OracleBank) -> None:
    row = bank.published.execute(
        """
        select count(distinct customer_durable_key)
        from marts.dim_customer
        where customer_durable_key > 0 and not is_inferred
        """
    ).fetchone()
    assert row == (len(_groups(bank.keys)),)


def test_no_customer_has_two_documents_of_a_kind_that_lasts_for_life(bank: OracleBank) -> None:
    documents = _documents(bank)
    for group in _groups(bank.keys):
        for kind in ("ID_CARD", "BUSINESS_LICENCE"):
            numbers = {documents[customer] for customer in group if documents[customer][0] == kind}
            assert len(numbers) <= 1, f"{sorted(group)} has {sorted(numbers)}"


def test_no_two_persons_share_a_key_and_linkage_finds_what_documents_miss(
    sample: OracleBank,
) -> None:
    merged = _pairs(_groups(sample.keys))
    by_document = _pairs(_groups(_documents(sample)))
    true_pairs = _pairs(_groups(_truth(sample)))
    found = len(merged & true_pairs) / len(true_pairs)
    assert merged, "no customers were merged"
    assert merged <= true_pairs, f"merged wrongly: {sorted(merged - true_pairs)[:5]}"
    assert by_document < merged
    assert found >= LOWEST_RECALL, f"found {found:.3f} of {len(true_pairs)} true pairs"


def test_the_sample_delivers_old_cards_that_are_the_same_document(sample: OracleBank) -> None:
    old = [
        row
        for system in SYSTEMS
        for _, row in sample.landing.last_rows(f"{system}.customer")
        if _OLD_CARD.fullmatch(row["document_number"])
    ]
    assert old


def test_the_truth_names_every_delivered_customer(sample: OracleBank) -> None:
    assert _documents(sample).keys() == _truth(sample).keys() == sample.keys.keys()


def _documents(bank: OracleBank) -> dict[SourceCustomer, tuple[str, ...]]:
    """Document of each source customer, or the customer's own id where there is none."""
    documents: dict[SourceCustomer, tuple[str, ...]] = {}
    for system in SYSTEMS:
        for _, row in bank.landing.last_rows(f"{system}.customer"):
            customer = (system, row["customer_id"])
            number = _normalise(row["document_number"])
            if row["document_type"] == "ID_CARD" and _OLD_CARD.fullmatch(number):
                number = _renew(number)
            documents[customer] = (row["document_type"], number) if number else customer
    return documents


def _normalise(number: str) -> str:
    return "".join(unicodedata.normalize("NFKC", number).upper().split())


def _renew(number: str) -> str:
    """An ID card of 15 digits as it has been written since 1999 (ISO 7064 MOD 11-2)."""
    body = number[:6] + "19" + number[6:]
    remainder = sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[remainder]


def _linked(bank: OracleBank) -> list[set[SourceCustomer]]:
    """Pairs of customers that linkage scored above the threshold."""
    with duckdb.connect(str(bank.settings.raw_file), read_only=True) as connection:
        rows = connection.execute(
            """select left_system, left_customer_id, right_system, right_customer_id
            from identity.candidate where match_probability >= $1 and agrees""",
            [MERGED],
        ).fetchall()
    return [{(row[0], row[1]), (row[2], row[3])} for row in rows]


def _join(
    groups: Iterable[frozenset[SourceCustomer]], pairs: Iterable[set[SourceCustomer]]
) -> list[set[SourceCustomer]]:
    """Groups, those that share a pair made one."""
    joined = {customer: set(group) for group in groups for customer in group}
    for left, right in pairs:
        both = joined[left] | joined[right]
        joined.update(dict.fromkeys(both, both))
    return list({id(group): group for group in joined.values()}.values())


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
