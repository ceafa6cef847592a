"""Which rollups would have saved most of the time that the access log tells of.

log -> wishes with their time -> candidates: each wish, and what two of them have in common
    -> their rows, counted on the published version -> the best one first, until little is left
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations

import duckdb
from pydantic import BaseModel, ValidationError
from sqlglot import exp

from cube.compiler.model import Model
from cube.compiler.rollup import DIALECT, MONTHS, Rollup
from cube.errors import ModelError
from cube.rollups.suggestion import Wish, compile_wish

MOST_ADVISED = 5
LARGEST_SHARE = 0.25
"""A rollup with more rows than this share of its fact's is not worth its place."""
LEAST_SAVED = 0.05
"""Of all the time told of; less is not worth a rollup."""
_MOST_CANDIDATES = 24
_MOST_JOINED = 8


class _Line(BaseModel):
    """What is read of a line of the access log; other lines have no wishes."""

    computed_ms: float
    wishes: tuple[Wish, ...]


@dataclass
class Demand:
    """How often a wish was told of, and the milliseconds of the queries it would have served."""

    queries: int = 0
    milliseconds: float = 0.0


@dataclass(frozen=True)
class Advice:
    """A rollup to declare; ``queries`` and ``milliseconds`` are those of the log it would serve."""

    name: str
    wish: Wish
    rows: int
    fact_rows: int
    queries: int
    milliseconds: float

    @property
    def share(self) -> float:
        """Its rows as a share of those of its fact."""
        return self.rows / max(1, self.fact_rows)


def read_wishes(lines: Iterable[str]) -> dict[Wish, Demand]:
    """The wishes of an access log; lines without any are skipped, and what precedes the JSON."""
    found: dict[Wish, Demand] = {}
    for line in lines:
        for wish, milliseconds in _read_line(line):
            demand = found.setdefault(wish, Demand())
            demand.queries += 1
            demand.milliseconds += milliseconds
    return found


def advise(
    wishes: Mapping[Wish, Demand],
    model: Model,
    connection: duckdb.DuckDBPyConnection,
    told: Callable[[int, int], None],
) -> list[Advice]:
    """The rollups that save most, the best first; each counts only what those before it leave.

    Args:
        wishes: what the log tells of.
        model: the model of today; wishes that its rollups serve by now are left out.
        connection: the published version.
        told: is called with the candidates counted so far and their number.
    """
    open_wishes = {w: d for w, d in wishes.items() if not _is_served(w, model)}
    rollups = dict(_compile_known(_list_candidates(open_wishes), model))
    sizes: dict[Wish, tuple[int, int]] = {}
    for number, (wish, rollup) in enumerate(rollups.items(), start=1):
        sizes[wish] = _measure(rollup, connection)
        told(number, len(rollups))
    return list(_choose(open_wishes, sizes, model))


def _read_line(line: str) -> Iterator[tuple[Wish, float]]:
    try:
        read = _Line.model_validate(json.loads(line[line.index("{") :]))
    except (ValueError, ValidationError):
        return
    for wish in read.wishes:
        yield wish, read.computed_ms / len(read.wishes)


def _is_served(wish: Wish, model: Model) -> bool:
    return any(
        Wish(
            cube=wish.cube,
            time_dimension=rollup.definition.time_dimension,
            granularity=rollup.definition.granularity,
            dimensions=rollup.definition.dimensions,
            measures=rollup.definition.measures,
        ).covers(wish)
        for rollup in model.rollups.get(wish.cube, ())
    )


def _list_candidates(wishes: Mapping[Wish, Demand]) -> list[Wish]:
    ranked = sorted(wishes, key=lambda wish: -wishes[wish].milliseconds)
    joined = (
        _join(one, other)
        for one, other in combinations(ranked[:_MOST_JOINED], 2)
        if (one.cube, one.time_dimension) == (other.cube, other.time_dimension)
    )
    return [*dict.fromkeys([*ranked[:_MOST_CANDIDATES], *joined])]


def _join(one: Wish, other: Wish) -> Wish:
    """The rollup that serves both."""
    finer = min(one, other, key=lambda wish: MONTHS.get(wish.granularity, 0))
    return finer.model_copy(
        update={
            "dimensions": tuple(sorted({*one.dimensions, *other.dimensions})),
            "measures": tuple(sorted({*one.measures, *other.measures})),
        }
    )


def _compile_known(wishes: Iterable[Wish], model: Model) -> Iterator[tuple[Wish, Rollup]]:
    """Those that the model of today could declare; the log may be older."""
    for wish in wishes:
        with suppress(ModelError, ValidationError):
            yield wish, compile_wish(wish, "advised", model)


def _measure(rollup: Rollup, connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Rows of the rollup and of its fact."""
    groups = exp.select("count(*)").from_(rollup.query.subquery("grouped"))
    row = connection.execute(
        f"select ({groups.sql(dialect=DIALECT)}), (select count(*) from {rollup.fact})"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _choose(
    wishes: Mapping[Wish, Demand], sizes: Mapping[Wish, tuple[int, int]], model: Model
) -> Iterator[Advice]:
    left = dict(wishes)
    least = LEAST_SAVED * sum(demand.milliseconds for demand in wishes.values())
    small = {wish: size for wish, size in sizes.items() if size[0] <= LARGEST_SHARE * size[1]}
    for number in range(1, MOST_ADVISED + 1):
        offers = [_offer(wish, size, left, number, model) for wish, size in small.items()]
        best = max(offers, key=_saving, default=None)
        if best is None or best.queries == 0 or _saving(best) < least:
            return
        yield best
        left = {wish: demand for wish, demand in left.items() if not best.wish.covers(wish)}


def _offer(
    wish: Wish, size: tuple[int, int], left: Mapping[Wish, Demand], number: int, model: Model
) -> Advice:
    served = [demand for other, demand in left.items() if wish.covers(other)]
    queries = sum(demand.queries for demand in served)
    milliseconds = sum(demand.milliseconds for demand in served)
    return Advice(_name(wish, number, model), wish, *size, queries, milliseconds)


def _saving(advice: Advice) -> float:
    """Milliseconds saved, if a query takes as long as there are rows to read."""
    return advice.milliseconds * (1 - advice.share)


def _name(wish: Wish, number: int, model: Model) -> str:
    taken = {rollup.definition.name for rollup in model.rollups.get(wish.cube, ())}
    names = (f"advised_{step}" for step in range(number, number + len(taken) + 1))
    return next(name for name in names if name not in taken)
