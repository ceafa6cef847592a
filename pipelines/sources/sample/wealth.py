"""What customers state of their income and of what they hold with other banks."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.arrays import Ints, Table, open_stream, stack, to_cents, toss
from pipelines.sources.sample.customers import PERSON, People
from pipelines.sources.sample.period import Period

STATED_SHARE = 0.6
RESTATED_SHARE = 0.1
SILENT_SHARE = 0.3
"""Statements that leave one of the two figures out."""
INCOME_PART = 0.45
"""Median yearly income as a part of what a person keeps with the bank."""
LEAST_INCOME = 24_000
MISSING = -1
_STREAM = 160


def make_wealth_statements(seed: int, period: Period, people: People) -> Table:
    """Statements of most customers as they join, and some a second time on a later day.

    Returns:
        Rows of day, person, income and external (cents; MISSING where not told).
    """
    rng = open_stream(seed, _STREAM)
    stated = np.flatnonzero(toss(rng, people.size, STATED_SHARE))
    first = _draw_statements(rng, people, np.maximum(people.joined[stated], 0), stated)
    later = period.random_days(rng, stated.size)
    again = toss(rng, stated.size, RESTATED_SHARE) & (later > first["day"])
    second = _draw_statements(rng, people, later[again], stated[again])
    return stack([first, second])


def _draw_statements(rng: np.random.Generator, people: People, day: Ints, person: Ints) -> Table:
    wealth, size = people.wealth[person], person.size
    income = np.maximum(wealth * INCOME_PART * rng.lognormal(0, 0.5, size), LEAST_INCOME)
    external = wealth * rng.lognormal(-0.4, 1.0, size)
    tells_income = (people.kind[person] == PERSON) & ~toss(rng, size, SILENT_SHARE)
    tells_external = ~toss(rng, size, SILENT_SHARE)
    return {
        "day": day,
        "person": person,
        "income": np.where(tells_income, to_cents(income, 100_000), MISSING),
        "external": np.where(tells_external, to_cents(external, 100_000), MISSING),
    }
