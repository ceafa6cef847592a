"""Business that moves: a sub-branch merged into its branch, customers who change their office."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.arrays import NO_DAY, Bools, Ints, full, open_stream, toss
from pipelines.sources.sample.customers import People
from pipelines.sources.sample.organisation import FIRST_SUB_BRANCH, Units
from pipelines.sources.sample.period import Period

LATEST_MERGER = 20
LATEST_FIRST_MOVE = 25
MOVING_SHARE = 0.004
_STREAM = 90


@dataclass(frozen=True)
class Moves:
    """When which person's business goes to which office.

    ``merger_day`` is the first day on which unit ``merged`` is part of ``successor``; NO_DAY in a
    bank of one night. ``day`` and ``office`` tell of each person the day of the move, NO_DAY for
    those who stay, and the new office.
    """

    merged: int
    successor: int
    merger_day: int
    day: Ints
    office: Ints

    def movers(self, day: int) -> Ints:
        """Persons whose business moves on a day."""
        return np.flatnonzero(self.day == day)

    def unit_on(self, unit: Ints, day: Ints) -> Ints:
        """Where the people of each unit work on each day: after the merger, in the successor."""
        is_merged = (unit == self.merged) & (self.merger_day != NO_DAY) & (day >= self.merger_day)
        return np.where(is_merged, self.successor, unit)

    def has_moved(self, person: Ints, day: Ints) -> Bools:
        """Whether each person has moved by each day."""
        moved: Bools = (self.day[person] != NO_DAY) & (day >= self.day[person])
        return moved


def make_moves(seed: int, period: Period, units: Units, people: People) -> Moves:
    """Merge the first sub-branch into its branch; let a few customers, at least one, move away."""
    rng = open_stream(seed, _STREAM)
    merged = FIRST_SUB_BRANCH
    successor = int(units.parent[merged])
    merger_day = min(period.days // 2, LATEST_MERGER) if period.days > 1 else NO_DAY
    day, office = _draw_moves(rng, period, units, people)
    belongs = people.office == merged
    return Moves(
        merged=merged,
        successor=successor,
        merger_day=merger_day,
        day=np.where(belongs, merger_day, day),
        office=np.where(belongs, successor, office),
    )


def _draw_moves(
    rng: np.random.Generator, period: Period, units: Units, people: People
) -> tuple[Ints, Ints]:
    stays = full(people.size, NO_DAY)
    if period.days == 1:
        return stays, people.office.copy()
    is_mover = people.is_initial & toss(rng, people.size, MOVING_SHARE)
    day = np.where(is_mover, period.random_days(rng, people.size), stays)
    # Every bank has a customer who moves soon, however small it is.
    first = np.flatnonzero(people.is_initial & (people.office != FIRST_SUB_BRANCH))[:1]
    day[first] = min(period.days - 1, LATEST_FIRST_MOVE)
    offices = units.offices[units.offices != FIRST_SUB_BRANCH]
    place = np.searchsorted(offices, people.office)
    step = rng.integers(1, offices.size, people.size)
    return day, offices[(place + step) % offices.size]
