"""Who belongs together: families under one roof, companies of one group."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.arrays import (
    NO_DAY,
    Bools,
    Ints,
    Table,
    full,
    open_stream,
    stack,
    take_rows,
    toss,
)
from pipelines.sources.sample.customers import COMPANY, PERSON, People
from pipelines.sources.sample.period import Period

FAMILY_SHARE = 0.3
SAME_NAME = 0.75
SAME_PHONE = 0.4
PARENT_SHARE = 0.2
SHARED_REPRESENTATIVE = 0.15
ENDS_IN_PERIOD = 0.1
RELATIONSHIP_TYPES = ("PARENT", "LEGAL_REPRESENTATIVE")
PARENT, REPRESENTATIVE = 0, 1
_STREAM = 140


def settle_families(seed: int, people: People, rows: Table) -> Table:
    """Let some pairs of persons of a city live together.

    Args:
        seed: seed of the bank.
        people: everybody.
        rows: one row of the branch system for each of them, with name, phone and address.

    Returns:
        The rows; the second of a pair has the address of the first, and the family name, the
        telephone number or both.
    """
    rng = open_stream(seed, _STREAM)
    first, second = _pair_neighbours(rng, people)
    same_name = toss(rng, first.size, SAME_NAME)
    same_phone = toss(rng, first.size, SAME_PHONE) | ~same_name
    settled = {**rows, "name": rows["name"].copy(), "phone": rows["phone"].copy()}
    settled["address"] = rows["address"].copy()
    settled["address"][second] = rows["address"][first]
    settled["phone"][second[same_phone]] = rows["phone"][first[same_phone]]
    named = zip(first[same_name].tolist(), second[same_name].tolist(), strict=True)
    for head, relative in named:
        family = rows["name"][head].split(" ")[0]
        settled["name"][relative] = f"{family} {rows['name'][relative].split(' ')[1]}"
    return settled


def make_relationships(seed: int, period: Period, people: People) -> Table:
    """Parents and legal representatives of companies.

    Returns:
        Rows of customer, related, type (index of RELATIONSHIP_TYPES), valid_from, valid_to (days)
        and ``day`` of delivery. Parents form trees.
    """
    rng = open_stream(seed, _STREAM + 1)
    companies = rng.permutation(people.members(people.kind == COMPANY))
    relations = stack([_find_parents(rng, people, companies), _represent(rng, people, companies)])
    ended = _end_some(rng, period, relations)
    return stack([relations, ended])


def _pair_neighbours(rng: np.random.Generator, people: People) -> tuple[Ints, Ints]:
    persons = rng.permutation(people.members(people.kind == PERSON))
    persons = persons[np.argsort(people.city[persons], kind="stable")]
    one, other = persons[:-1:2], persons[1::2]
    lives_together = toss(rng, one.size, FAMILY_SHARE) & (people.city[one] == people.city[other])
    return one[lives_together], other[lives_together]


def _find_parents(rng: np.random.Generator, people: People, companies: Ints) -> Table:
    """Parents stand earlier in the list than their subsidiaries."""
    rank = np.arange(companies.size)
    has_parent = toss(rng, companies.size, PARENT_SHARE) & (rank > 0)
    parent = companies[(rng.random(companies.size) * rank).astype(np.int64)]
    return _relate(people, companies[has_parent], parent[has_parent], PARENT)


def _represent(rng: np.random.Generator, people: People, companies: Ints) -> Table:
    persons = people.members(people.kind == PERSON)
    representative = persons[rng.integers(0, persons.size, companies.size)]
    shared: Bools = toss(rng, companies.size, SHARED_REPRESENTATIVE)
    shared[:1] = False
    place = np.flatnonzero(shared)
    representative[place] = representative[place - 1]
    return _relate(people, companies, representative, REPRESENTATIVE)


def _relate(people: People, customer: Ints, related: Ints, kind: int) -> Table:
    begins = np.maximum(people.joined[customer], people.joined[related])
    return {
        "customer": customer,
        "related": related,
        "type": full(customer.size, kind),
        "valid_from": begins,
        "valid_to": full(customer.size, NO_DAY),
        "day": np.maximum(begins, 0),
    }


def _end_some(rng: np.random.Generator, period: Period, relations: Table) -> Table:
    """The same relations delivered again, with the day they end on."""
    ends = (relations["type"] == PARENT) & (relations["valid_from"] < 0)
    ends &= toss(rng, ends.size, ENDS_IN_PERIOD if period.days > 1 else 0.0)
    rows = take_rows(relations, ends)
    rows["day"] = rows["valid_to"] = period.random_days(rng, rows["customer"].size)
    return rows
