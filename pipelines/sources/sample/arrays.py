"""Array types, random streams and small array operations of the sample bank.

Money is int64 cents, rates are int64 in units of 1e-8, days are counted from the first night
(day 0). A missing day is ``NO_DAY``, a missing index -1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]
Table = dict[str, NDArray[Any]]
"""Columns of equal length by name."""

NO_DAY = -1_000_000
RATE_UNIT = 100_000_000
SHARE_UNIT = 1_000_000
YUAN = 100


def open_stream(seed: int, number: int) -> np.random.Generator:
    """Random generator of one module: modules draw without disturbing each other."""
    return np.random.Generator(np.random.PCG64([seed, number]))


def full(size: int, value: int) -> Ints:
    """Array of one value."""
    return np.full(size, value, dtype=np.int64)


def to_cents(yuan: Floats, step: int = 1) -> Ints:
    """Yuan as cents, rounded to a multiple of ``step`` cents."""
    return (np.rint(yuan * YUAN / step) * step).astype(np.int64)


def pick(rng: np.random.Generator, pool: Ints, chance: Floats | float) -> Ints:
    """Members of a pool, each taken with its own chance; in the order of the pool."""
    return pool[toss(rng, pool.size, chance)]


def toss(rng: np.random.Generator, size: int, chance: Floats | float) -> Bools:
    """True with the given chance, for each of ``size`` members on its own."""
    luck: Bools = rng.random(size) < chance
    return luck


def between(luck: Floats, low: float, high: float) -> Bools:
    """Where a number lies in the half-open range from ``low`` to ``high``."""
    inside: Bools = (low <= luck) & (luck < high)
    return inside


def first_of_each(values: Ints) -> Bools:
    """True at the first occurrence of every value."""
    mask = np.zeros(values.size, dtype=np.bool_)
    mask[np.unique(values, return_index=True)[1]] = True
    return mask


def blank(texts: Texts, missing: Bools) -> Texts:
    """Texts with None where one is missing."""
    kept = texts.copy()
    kept[missing] = None
    return kept


def take_rows(table: Table, rows: Ints | Bools) -> Table:
    """The rows of a table at the given positions."""
    return {name: column[rows] for name, column in table.items()}


def stack(tables: list[Table]) -> Table:
    """Tables of the same columns one below the other; at least one table."""
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def concatenate(parts: list[Ints]) -> Ints:
    """Arrays one behind the other; empty when there is none."""
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def ranges(counts: Ints) -> Ints:
    """0, 1, .. count-1 for every count, one behind the other."""
    starts = np.cumsum(counts) - counts
    return np.arange(int(counts.sum()), dtype=np.int64) - np.repeat(starts, counts)
