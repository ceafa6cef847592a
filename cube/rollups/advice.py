"""Which rollups would have saved most of the time of the slow queries in an access log.

log -> slow queries -> planned again -> the rollup that would have answered each, with its time
    -> candidates: each of these, and what two of them have in common
    -> their rows, counted on the published version -> the best one first, until little is left
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import combinations

import duckdb
from pydantic import BaseModel, ValidationError
from sqlglot import exp

from bankcrm.warehouse.rollup_states import States
from cube.compiler.model import Model
from cube.compiler.policy import find_claims
from cube.compiler.rollup import DIALECT, MONTHS, Rollup
from cube.errors import ModelError, QueryError
from cube.planner.prepare import PlanningContext, prepare
from cube.rollups.slow_query import SAMPLE_VALUE, SlowQuery
from cube.rollups.suggestion import RollupSuggestion, compile_suggestion, suggest_rollups
from cube.security.access import AccessControl

MOST_ADVISED = 5
LARGEST_SHARE = 0.25
"""A rollup with more rows than this share of its fact's is not worth its place."""
LEAST_SAVED = 0.05
"""Share of the time of all slow queries; less is not worth a rollup."""
_MOST_CANDIDATES = 24
_MOST_JOINED = 8


@dataclass(frozen=True)
class SlowRequest:
    """The queries of a slow request, and the groups of its user, whose row rules it read."""

    queries: tuple[SlowQuery, ...]
    groups: tuple[str, ...]


class _Line(BaseModel):
    """What is read of a line of the access log; other lines have no slow query."""

    computed_ms: float
    groups: tuple[str, ...]
    slow_queries: tuple[SlowQuery, ...]


@dataclass
class Demand:
    """How often something was asked for, and the milliseconds that it took."""

    queries: int = 0
    milliseconds: float = 0.0


@dataclass(frozen=True)
class Advice:
    """A rollup to declare; ``queries`` and ``milliseconds`` are those of the log it would serve."""

    name: str
    suggestion: RollupSuggestion
    rows: int
    fact_rows: int
    queries: int
    milliseconds: float

    @property
    def share(self) -> float:
        """Its rows as a share of those of its fact."""
        return self.rows / max(1, self.fact_rows)


def read_slow_requests(lines: Iterable[str]) -> dict[SlowRequest, Demand]:
    """The slow requests of an access log; other lines are skipped, and what precedes the JSON."""
    found: dict[SlowRequest, Demand] = {}
    for text in lines:
        try:
            line = _Line.model_validate(json.loads(text[text.index("{") :]))
        except (ValueError, ValidationError):
            continue
        demand = found.setdefault(SlowRequest(line.slow_queries, line.groups), Demand())
        demand.queries += 1
        demand.milliseconds += line.computed_ms
    return found


def suggest(
    requests: Mapping[SlowRequest, Demand], model: Model, today: date, rollups: States
) -> dict[RollupSuggestion, Demand]:
    """The rollups that would have answered slow requests, which are planned again for this.

    Args:
        requests: those of the log. Queries that the model does not understand are left out, as the
            log may be older.
        model: the model of today.
        today: business date of the published version.
        rollups: the rollups of that version; what they answer by now needs no other.
    """
    found: dict[RollupSuggestion, Demand] = {}
    control, claims = AccessControl(model), _sample_claims(model)
    for request, total in requests.items():
        access = control.grant({**claims, "groups": request.groups})
        context = PlanningContext(model, access, today, rollups)
        suggested = [s for query in request.queries for s in _suggest_for(query, context)]
        for suggestion in suggested:
            demand = found.setdefault(suggestion, Demand())
            demand.queries += total.queries
            demand.milliseconds += total.milliseconds / len(suggested)
    return found


def advise(
    suggestions: Mapping[RollupSuggestion, Demand],
    model: Model,
    connection: duckdb.DuckDBPyConnection,
    on_progress: Callable[[int, int], None],
) -> list[Advice]:
    """The rollups that save most, the best first; each counts only what those before it leave.

    Args:
        suggestions: the rollups that would have answered slow queries.
        model: the model of today; what its rollups serve by now is left out.
        connection: the published version.
        on_progress: is called with the candidates counted so far and their number.
    """
    open_ones = {s: demand for s, demand in suggestions.items() if not _is_served(s, model)}
    rollups = dict(_compile_known(_list_candidates(open_ones), model))
    sizes: dict[RollupSuggestion, tuple[int, int]] = {}
    for number, (suggestion, rollup) in enumerate(rollups.items(), start=1):
        sizes[suggestion] = _measure(rollup, connection)
        on_progress(number, len(rollups))
    return list(_choose(open_ones, sizes, model))


def _sample_claims(model: Model) -> dict[str, str]:
    """Claims for every row rule; what a rollup has to hold does not depend on their values."""
    policies = (policy for policies in model.policies.values() for policy in policies)
    return dict.fromkeys(find_claims(policies), SAMPLE_VALUE)


def _suggest_for(query: SlowQuery, context: PlanningContext) -> list[RollupSuggestion]:
    try:
        prepared = prepare(query.sample(), context)
    except QueryError:
        return []
    return suggest_rollups(prepared.plan, context.model)


def _is_served(suggestion: RollupSuggestion, model: Model) -> bool:
    return any(
        RollupSuggestion(
            cube=suggestion.cube,
            time_dimension=rollup.definition.time_dimension,
            granularity=rollup.definition.granularity,
            dimensions=rollup.definition.dimensions,
            measures=rollup.definition.measures,
        ).covers(suggestion)
        for rollup in model.rollups.get(suggestion.cube, ())
    )


def _list_candidates(suggestions: Mapping[RollupSuggestion, Demand]) -> list[RollupSuggestion]:
    ranked = sorted(suggestions, key=lambda suggestion: -suggestions[suggestion].milliseconds)
    joined = (
        _join(one, other)
        for one, other in combinations(ranked[:_MOST_JOINED], 2)
        if (one.cube, one.time_dimension) == (other.cube, other.time_dimension)
    )
    return [*dict.fromkeys([*ranked[:_MOST_CANDIDATES], *joined])]


def _join(one: RollupSuggestion, other: RollupSuggestion) -> RollupSuggestion:
    """The rollup that serves both."""
    finer = min(one, other, key=lambda suggestion: MONTHS.get(suggestion.granularity, 0))
    return finer.model_copy(
        update={
            "dimensions": tuple(sorted({*one.dimensions, *other.dimensions})),
            "measures": tuple(sorted({*one.measures, *other.measures})),
        }
    )


def _compile_known(
    suggestions: Iterable[RollupSuggestion], model: Model
) -> Iterator[tuple[RollupSuggestion, Rollup]]:
    """Those that the model could declare: two may have no rollup in common."""
    for suggestion in suggestions:
        with suppress(ModelError, ValidationError):
            yield suggestion, compile_suggestion(suggestion, "advised", model)


def _measure(rollup: Rollup, connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Rows of the rollup and of its fact."""
    groups = exp.select("count(*)").from_(rollup.query.subquery("grouped"))
    row = connection.execute(
        f"select ({groups.sql(dialect=DIALECT)}), (select count(*) from {rollup.fact})"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _choose(
    suggestions: Mapping[RollupSuggestion, Demand],
    sizes: Mapping[RollupSuggestion, tuple[int, int]],
    model: Model,
) -> Iterator[Advice]:
    left = dict(suggestions)
    least = LEAST_SAVED * sum(demand.milliseconds for demand in suggestions.values())
    small = {one: size for one, size in sizes.items() if size[0] <= LARGEST_SHARE * size[1]}
    for number in range(1, MOST_ADVISED + 1):
        offers = [_offer(one, size, left, number, model) for one, size in small.items()]
        best = max(offers, key=_saving, default=None)
        if best is None or best.queries == 0 or _saving(best) < least:
            return
        yield best
        left = {one: demand for one, demand in left.items() if not best.suggestion.covers(one)}


def _offer(
    suggestion: RollupSuggestion,
    size: tuple[int, int],
    left: Mapping[RollupSuggestion, Demand],
    number: int,
    model: Model,
) -> Advice:
    served = [demand for other, demand in left.items() if suggestion.covers(other)]
    queries = sum(demand.queries for demand in served)
    milliseconds = sum(demand.milliseconds for demand in served)
    name = _name(suggestion, number, model)
    return Advice(name, suggestion, *size, queries, milliseconds)


def _saving(advice: Advice) -> float:
    """Milliseconds saved, if a query takes as long as there are rows to read."""
    return advice.milliseconds * (1 - advice.share)


def _name(suggestion: RollupSuggestion, number: int, model: Model) -> str:
    taken = {rollup.definition.name for rollup in model.rollups.get(suggestion.cube, ())}
    names = (f"advised_{step}" for step in range(number, number + len(taken) + 1))
    return next(name for name in names if name not in taken)
