"""Customer records as each system keeps them, and their changes over the period."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.arrays import (
    NO_DAY,
    Ints,
    Table,
    Texts,
    blank,
    full,
    open_stream,
    stack,
    take_rows,
    toss,
)
from pipelines.sources.sample.customers import DOCUMENT_TYPES, ID_CARD, PASSPORT, People
from pipelines.sources.sample.names import (
    CITY_NAMES,
    draw_addresses,
    draw_phones,
    vary_addresses,
    vary_names,
    vary_phones,
)
from pipelines.sources.sample.period import Period
from pipelines.sources.sample.relations import settle_families

CHANGE_SHARE_PER_DAY = 0.0004
NEW_ADDRESS, NEW_PHONE, NEW_CITY = 0, 1, 2
MISSING_DOCUMENT = 0.06
OTHER_DOCUMENT = 0.02
OLD_CARD_SHARE = 0.08
SPARSE_SHARE = 0.15
CENTURY = slice(6, 8)
"""Places of the century in an ID card of 18 characters."""
CHANGE_REACHES_OTHER = 0.4
CHANGE_DELAY = 3
_STREAM = 60


def make_records(
    seed: int, period: Period, people: People, first_card: Ints, first_loan: Ints
) -> dict[str, Table]:
    """Customer rows of the branch, card and loan systems.

    Args:
        seed: seed of the bank.
        period: nights of the bank.
        people: everybody.
        first_card: night on which the card system first delivers each person, NO_DAY for never.
        first_loan: the same of the loan system.

    Returns:
        By system: rows of day, person, name, document_type, document_number, birth, phone,
        address and city. Texts may be None.
    """
    rng = open_stream(seed, _STREAM)
    branch = settle_families(seed, people, _describe(rng, people))
    changes = _draw_changes(rng, period, people, branch)
    records = {"branch": stack([branch, changes])}
    old = open_stream(seed, _STREAM + 1)
    for system, first in (("card", first_card), ("loan", first_loan)):
        base = _respell(rng, people, branch, first)
        base = _leave_out_contacts(old, _write_old_numbers(old, base))
        later = _follow_changes(rng, period, base, changes)
        records[system] = stack([base, later])
    return records


def _describe(rng: np.random.Generator, people: People) -> Table:
    kinds = np.array(DOCUMENT_TYPES, dtype=object)
    return {
        "day": np.maximum(people.joined, 0),
        "person": np.arange(people.size),
        "name": people.name,
        "document_type": kinds[people.document_type],
        "document_number": people.document_number,
        "birth": people.birth,
        "phone": draw_phones(rng, people.size),
        "address": draw_addresses(rng, people.city),
        "city": CITY_NAMES[people.city],
    }


def _draw_changes(rng: np.random.Generator, period: Period, people: People, branch: Table) -> Table:
    chance = CHANGE_SHARE_PER_DAY * (period.days - 1)
    rows = take_rows(branch, people.is_initial & toss(rng, people.size, chance))
    size = rows["person"].size
    kind = rng.choice(3, size, p=[0.45, 0.35, 0.2])
    moved = rng.integers(0, CITY_NAMES.size, size)
    city = np.where(kind == NEW_CITY, moved, people.city[rows["person"]])
    moves = kind != NEW_PHONE
    rows["day"] = period.random_days(rng, size)
    rows["phone"] = np.where(moves, rows["phone"], draw_phones(rng, size))
    rows["address"] = np.where(moves, draw_addresses(rng, city), rows["address"])
    rows["city"] = CITY_NAMES[city]
    return rows


def _respell(rng: np.random.Generator, people: People, branch: Table, first: Ints) -> Table:
    rows = take_rows(branch, first != NO_DAY)
    person = rows["person"]
    luck = rng.random(person.size)
    is_missing = luck < MISSING_DOCUMENT
    other = (luck > 1 - OTHER_DOCUMENT) & (people.document_type[person] == ID_CARD)
    passport: Texts = people.passport_number[person]
    numbers = np.where(other, passport, rows["document_number"])
    kinds = np.where(other, DOCUMENT_TYPES[PASSPORT], rows["document_type"])
    rows["day"] = first[person]
    rows["document_number"] = blank(numbers, is_missing)
    rows["document_type"] = blank(kinds, is_missing)
    rows["birth"] = np.where(toss(rng, person.size, 0.03), NO_DAY, rows["birth"])
    rows["name"] = vary_names(rng, rows["name"])
    rows["phone"] = vary_phones(rng, rows["phone"])
    rows["address"] = vary_addresses(rng, rows["address"], people.city[person])
    return rows


def _write_old_numbers(rng: np.random.Generator, rows: Table) -> Table:
    """Some ID cards as they were before 1999: 15 digits, no century, no check character."""
    numbers: Texts = rows["document_number"].copy()
    is_card = rows["document_type"] == DOCUMENT_TYPES[ID_CARD]
    for place in np.flatnonzero(is_card & toss(rng, numbers.size, OLD_CARD_SHARE)).tolist():
        number = numbers[place]
        if number[CENTURY] == "19":
            numbers[place] = number[: CENTURY.start] + number[CENTURY.stop : -1]
    return {**rows, "document_number": numbers}


def _leave_out_contacts(rng: np.random.Generator, rows: Table) -> Table:
    """Some customers without a document left neither telephone number nor address either."""
    is_sparse = rows["document_number"] == np.array(None)
    is_sparse &= toss(rng, is_sparse.size, SPARSE_SHARE)
    return {
        **rows,
        "phone": blank(rows["phone"], is_sparse),
        "address": blank(rows["address"], is_sparse),
    }


def _follow_changes(rng: np.random.Generator, period: Period, base: Table, changes: Table) -> Table:
    told = changes["person"][toss(rng, changes["person"].size, CHANGE_REACHES_OTHER)]
    place = np.searchsorted(base["person"], told)
    inside = place < base["person"].size
    told, place = told[inside], place[inside]
    known = base["person"][place] == told
    rows = take_rows(base, place[known])
    source = np.searchsorted(changes["person"], told[known])
    rows["day"] = np.asarray(changes["day"][source] + CHANGE_DELAY)
    for name in ("phone", "address", "city"):
        rows[name] = changes[name][source]
    first = base["day"][place[known]]
    return take_rows(rows, (rows["day"] < period.days) & (rows["day"] > first))


def find_first_days(people: People, person: Ints, begins: Ints) -> Ints:
    """Night on which a system first delivers each person: that of their first contract.

    Args:
        people: everybody.
        person: holder of each contract.
        begins: first day of each contract, negative before the first night.
    """
    first = full(people.size, NO_DAY)
    order = np.argsort(-begins, kind="stable")
    first[person[order]] = np.maximum(begins[order], 0)
    return first
