"""Books of business: which manager answers for which customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.arrays import (
    NO_DAY,
    SHARE_UNIT,
    Bools,
    Ints,
    Table,
    full,
    open_stream,
    stack,
    take_rows,
    toss,
)
from pipelines.sources.sample.customers import PERSON, People
from pipelines.sources.sample.organisation import (
    CORPORATE,
    FIRST_BRANCH,
    MERGED_UNIT,
    PERSONAL,
    Managers,
    Units,
)
from pipelines.sources.sample.period import Period

MANAGED_SHARE = 0.7
SPLIT_SHARE = 0.012
HANDED_SHARE = 0.012
LARGER_PART = 600_000
LEAVES_AFTER = 0.4
LATEST_HALVING = 15
_STREAM = 70


@dataclass(frozen=True)
class Books:
    """Assignments, and the manager who leaves: index and last day, -1 and NO_DAY for nobody.

    Rows of ``assignments``: day, customer, manager, share (units of 1e-6), valid_from, valid_to.
    """

    assignments: Table
    leaver: int
    last_day: int


def make_books(
    seed: int, period: Period, units: Units, managers: Managers, people: People
) -> Books:
    """Every company and most persons get a manager; a few are shared or handed over.

    One manager hands over half a book, another leaves and hands over the whole.
    """
    rng = open_stream(seed, _STREAM)
    is_person = people.kind == PERSON
    customer = people.members(~is_person | toss(rng, people.size, MANAGED_SHARE))
    kind = np.where(people.kind[customer] == PERSON, PERSONAL, CORPORATE)
    unit = _find_book_units(units, people.office[customer], kind)
    manager = managers.first[kind, unit]
    manager = manager + (rng.random(customer.size) * managers.count[kind, unit]).astype(np.int64)
    leaver, last_day = _choose_leaver(period, managers, manager)
    # Customers who join during the period do not go to a manager who is about to leave.
    joins_leaver = (manager == leaver) & (people.joined[customer] >= 0)
    manager = np.where(joins_leaver, _find_colleagues(managers, manager), manager)
    colleague = _find_colleagues(managers, manager)
    begins = np.maximum(people.joined[customer], managers.hired[manager])
    stays = (manager != leaver) & (colleague != leaver) & (colleague != manager)
    is_split = stays & toss(rng, customer.size, SPLIT_SHARE)
    # Every bank shares a customer between two managers, however small it is.
    is_split[np.flatnonzero(stays)[:1]] = True
    hands_over = _draw_handovers(rng, period, manager, leaver, last_day)
    # A colleague answers only after being hired.
    begins = np.where(is_split, np.maximum(begins, managers.hired[colleague]), begins)
    can_move = (colleague != manager) & (colleague != leaver) & (begins < 0)
    hands_over = np.where(can_move, hands_over, NO_DAY)
    halved = _choose_half(manager, can_move & ~is_split & (manager != leaver))
    if period.days > 1:
        hands_over[halved] = max(min(period.days // 3, LATEST_HALVING), 1)
    rows = _write_rows(
        customer=customer,
        manager=manager,
        colleague=colleague,
        begins=begins,
        is_split=is_split,
        handed=hands_over,
    )
    return Books(rows, leaver, last_day)


def _find_book_units(units: Units, office: Ints, kind: Ints) -> Ints:
    is_branch = (office >= FIRST_BRANCH) & (office < MERGED_UNIT)
    branch = np.where(is_branch, office, units.parent[office])
    return np.where(kind == CORPORATE, branch, office)


def _find_colleagues(managers: Managers, manager: Ints) -> Ints:
    kind, unit = managers.kind[manager], managers.unit[manager]
    first, count = managers.first[kind, unit], managers.count[kind, unit]
    # Who works alone in a unit has the next manager of the same type as colleague.
    alone = count == 1
    first = np.where(alone, managers.first[kind, 0], first)
    count = np.where(alone, managers.count.sum(axis=1)[kind], count)
    return first + (manager - first + 1) % count


def _choose_leaver(period: Period, managers: Managers, manager: Ints) -> tuple[int, int]:
    books = np.bincount(manager, minlength=managers.unit.size)
    books = np.where(managers.kind == PERSONAL, books, 0)
    last_day = int(period.days * LEAVES_AFTER)
    if last_day < 1 or books.max() == 0:
        return -1, NO_DAY
    return int(books.argmax()), last_day


def _draw_handovers(
    rng: np.random.Generator, period: Period, manager: Ints, leaver: int, last_day: int
) -> Ints:
    day = period.random_days(rng, manager.size)
    day = np.where(toss(rng, manager.size, HANDED_SHARE), day, NO_DAY)
    return np.where(manager == leaver, last_day + 1, day)


def _choose_half(manager: Ints, can_move: Bools) -> Ints:
    """Every second customer of the largest book that can move: half a book is handed over."""
    movable = np.flatnonzero(can_move)
    if movable.size == 0:
        return movable
    giver = np.bincount(manager[movable]).argmax()
    half: Ints = movable[manager[movable] == giver][::2]
    return half


def _write_rows(
    *, customer: Ints, manager: Ints, colleague: Ints, begins: Ints, is_split: Bools, handed: Ints
) -> Table:
    share = np.where(is_split, LARGER_PART, SHARE_UNIT)
    rest = full(customer.size, SHARE_UNIT - LARGER_PART)
    opening = _rows(customer, manager, share, begins)
    shared = take_rows(_rows(customer, colleague, rest, begins), is_split)
    moved = (handed != NO_DAY) & ~is_split
    ended = take_rows(opening, moved)
    ended = {**ended, "day": handed[moved], "valid_to": handed[moved]}
    taken = take_rows(_rows(customer, colleague, share, handed), moved)
    return stack([opening, shared, ended, taken])


def _rows(customer: Ints, manager: Ints, share: Ints, begins: Ints) -> Table:
    return {
        "day": np.maximum(begins, 0),
        "customer": customer,
        "manager": manager,
        "share": share,
        "valid_from": begins,
        "valid_to": full(customer.size, NO_DAY),
    }
