"""Rate curves and cost pools of the finance department."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.arrays import YUAN, Ints, Table, full, open_stream
from pipelines.sources.sample.period import Period

TENORS = ("1D", "1M", "3M", "6M", "1Y", "2Y", "3Y", "5Y", "10Y")
LEVELS = np.array([150, 160, 180, 195, 210, 225, 240, 265, 290], dtype=np.int64)
"""Rates in basis points around which the curve moves."""
BASIS_POINT = 10_000
HISTORY_MONTHS = 72
POOLS = ("COUNTER", "ELECTRONIC", "CREDIT", "MANAGERS")
POOL_YUAN = np.array([6.0, 1.2, 6.5, 9.0])
POOL_MINUTES = np.array([4.5, 3.0, 5.5, 8.0])
"""Cost in yuan and practical minutes per customer and month."""
_STREAM = 80


def make_curves(seed: int, period: Period) -> Table:
    """Monthly curves: six years of history on the first night, then one each month's first day.

    Returns:
        Rows of day, curve_day, tenor (index of TENORS) and rate (units of 1e-8).
    """
    rng = open_stream(seed, _STREAM)
    zero = full(HISTORY_MONTHS + 1, 0)
    back = np.arange(-HISTORY_MONTHS, 1)
    history = period.months_after(zero, back, zero + 1)
    later = np.array([day for day in period.month_starts() if day > 0], dtype=np.int64)
    days = np.concatenate([history, later])
    # Rates came down by about seventy basis points over the years, with small steps both ways.
    trend = np.maximum(-np.arange(days.size) + HISTORY_MONTHS, 0)
    noise = np.cumsum(rng.integers(-3, 4, days.size))
    shift = trend + noise - noise[HISTORY_MONTHS]
    slope = np.cumsum(rng.integers(-1, 2, days.size))[:, None] * np.arange(LEVELS.size) // 8
    points = np.maximum(LEVELS + shift[:, None] + slope - slope[HISTORY_MONTHS], 50)
    points = np.maximum.accumulate(points, axis=1)
    return {
        "day": np.repeat(np.maximum(days, 0), LEVELS.size),
        "curve_day": np.repeat(days, LEVELS.size),
        "tenor": np.tile(np.arange(LEVELS.size), days.size),
        "rate": points.ravel() * BASIS_POINT,
    }


def make_cost_pools(seed: int, period: Period, customers: int) -> Table:
    """Cost and practical minutes of each pool at every month-end of the period.

    Returns:
        Rows of day, pool (index of POOLS), cost in cents and minutes.
    """
    rng = open_stream(seed, _STREAM + 1)
    days = [day for day in range(period.days) if period.is_month_end(day)]
    day: Ints = np.repeat(np.array(days, dtype=np.int64), len(POOLS))
    pool = np.tile(np.arange(len(POOLS)), len(days))
    season = rng.uniform(0.95, 1.08, day.size)
    cost = np.rint(POOL_YUAN[pool] * customers * season * YUAN).astype(np.int64)
    minutes = np.rint(POOL_MINUTES[pool] * customers).astype(np.int64)
    return {"day": day, "pool": pool, "cost": cost, "minutes": minutes}
