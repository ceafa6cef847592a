"""The rollup that would have answered a query in the place of its facts.

A suggestion holds names of the model and no value of the query. Whether it would serve is decided
by the same matcher that chooses among the rollups that exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, ConfigDict
from sqlglot import exp

from cube.compiler.compiled import CompiledCube, CompiledDimension, CompiledSegment
from cube.compiler.definition import PreAggregation
from cube.compiler.filters import Condition, list_conditions
from cube.compiler.joins import MANY
from cube.compiler.measures import Aggregate, CompiledMeasure, MultiStageStep, write_aggregate
from cube.compiler.model import Model
from cube.compiler.rollup import COMBINED, MONTHS, Rollup, Signature, read_columns, sign
from cube.compiler.rollup_compiler import compile_rollup, read_own_column, read_plain_aggregate
from cube.errors import ModelError
from cube.planner.plan import Body, Column, Plan, Source
from cube.planner.rollup_matching import find_mismatch

_PARTITIONS = {"day": "month", "month": "month", "quarter": "quarter", "year": "year"}
_UNITS = ("year", "quarter", "month", "day")
"""The coarsest first: it has the fewest rows."""


class RollupSuggestion(BaseModel):
    """A rollup without a name. ``time_dimension`` and members belong to ``cube`` or its joins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cube: str
    time_dimension: str
    granularity: str
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]

    def define(self, name: str) -> PreAggregation:
        """The rollup as the model declares it."""
        content = self.model_dump(exclude={"cube"})
        partition = _PARTITIONS.get(self.granularity)
        return PreAggregation.model_validate(
            {**content, "name": name, "type": "rollup", "partition_granularity": partition}
        )

    def covers(self, other: RollupSuggestion) -> bool:
        """Whether the rollup answers what that of another suggestion does."""
        ours, theirs = (MONTHS.get(suggestion.granularity, 0) for suggestion in (self, other))
        return (
            (self.cube, self.time_dimension) == (other.cube, other.time_dimension)
            and {*self.dimensions} >= {*other.dimensions}
            and {*self.measures} >= {*other.measures}
            and (ours == 0 or (theirs > 0 and theirs % ours == 0))
        )


def suggest_rollups(plan: Plan, model: Model) -> list[RollupSuggestion]:
    """One for each fact that the plan reads although a rollup could answer in its place."""
    if plan.ungrouped:
        return []
    found = (
        _Suggester(source, body.columns, plan, model).suggest()
        for body in _bodies(plan.body)
        for source in body.sources
        if source.rollup is None
    )
    return [*dict.fromkeys(suggestion for suggestion in found if suggestion is not None)]


def compile_suggestion(suggestion: RollupSuggestion, name: str, model: Model) -> Rollup:
    """The suggestion as a checked rollup.

    Raises:
        ModelError: the model has no such cube, or a rollup cannot hold a member of it.
    """
    if suggestion.cube not in model.cubes:
        raise ModelError(f"the model has no cube '{suggestion.cube}'")
    return compile_rollup(suggestion.define(name), model.cubes[suggestion.cube], model.cubes)


def _bodies(body: Body) -> Iterator[Body]:
    yield body
    for nested in body.nested:
        yield from _bodies(nested.body)


class _Suggester:
    """One source of a plan, and the columns of its body."""

    def __init__(
        self, source: Source, columns: tuple[Column, ...], plan: Plan, model: Model
    ) -> None:
        self._source = source
        self._columns = columns
        self._plan = plan
        self._model = model
        self._cube: CompiledCube = model.cubes[source.root]
        self._measures = dict(_list_measures(self._cube))

    def suggest(self) -> RollupSuggestion | None:
        """The coarsest rollup that the matcher takes, or None."""
        time = self._time()
        if time is None:
            return None
        name, column = time
        keys = sorted({*self._read()} - {column})
        dimensions = [self._dimension(key) for key in keys]
        measures = [*map(self._measure, self._source.aggregates)]
        measures += [self._staged(stage) for stage in self._stages() if not stage.is_extreme]
        # Every key and value has a name in the model, or the rollup could not be declared.
        named = [path for path in dimensions if path is not None]
        held = sorted({path for path in measures if path is not None})
        if len(named) < len(keys) or None in measures:
            return None
        return self._coarsest(name, tuple(named), tuple(held))

    def _coarsest(
        self, time: str, dimensions: tuple[str, ...], measures: tuple[str, ...]
    ) -> RollupSuggestion | None:
        for unit in _UNITS:
            suggestion = RollupSuggestion(
                cube=self._source.root,
                time_dimension=time,
                granularity=unit,
                dimensions=dimensions,
                measures=measures,
            )
            try:
                rollup = compile_suggestion(suggestion, "suggested", self._model)
            except ModelError:
                return None
            if find_mismatch(rollup, self._source, self._columns, self._plan) is None:
                return suggestion
        return None

    def _time(self) -> tuple[str, str] | None:
        """The time of the rollups that the cube has, else one that the query reads, else its first.

        As name of the dimension and column of the fact.
        """
        declared = [r.definition.time_dimension for r in self._model.rollups.get(self._name, ())]
        queried = [dimension.id[1] for dimension in self._dimensions()]
        for name in (
            path.rpartition(".")[2] for path in (*declared, *queried, *self._cube.dimensions)
        ):
            dimension = self._cube.dimensions.get(name)
            if dimension is not None and dimension.is_day:
                column = read_own_column(dimension.tree, self._name)
                if column is not None:
                    return name, column
        return None

    @property
    def _name(self) -> str:
        return self._source.root

    def _stages(self) -> Iterator[MultiStageStep]:
        return (plan.stage for plan in self._source.stages)

    def _conditions(self) -> Iterator[Condition]:
        nodes = [*self._source.where]
        nodes += [node for plan in self._source.stages for node in plan.where]
        for node in nodes:
            yield from list_conditions(node)

    def _dimensions(self) -> Iterator[CompiledDimension]:
        members = [column.member for column in self._columns]
        members += [condition.member for condition in self._conditions()]
        if self._source.rolling is not None:
            members.append(self._source.rolling.member)
        for member in members:
            if isinstance(member.source, CompiledDimension):
                yield member.source

    def _read(self) -> Iterator[str]:
        """Columns of the fact that the source groups, filters or joins by."""
        for tree in self._trees():
            yield from read_columns(tree, self._name)

    def _trees(self) -> Iterator[exp.Expr]:
        source = self._source
        for step in (*source.joins, *(step for plan in source.stages for step in plan.joins)):
            yield step.edge.condition
        yield from (dimension.tree for dimension in self._dimensions())
        for condition in self._conditions():
            member = condition.member.source
            if isinstance(member, CompiledSegment):
                yield member.tree
            elif isinstance(member, CompiledMeasure):
                yield from (
                    aggregate.condition for aggregate in member.aggregates if aggregate.condition
                )
        for aggregate in source.aggregates:
            if aggregate.condition is not None and sign(aggregate) not in self._measures:
                yield aggregate.condition
        for stage in self._stages():
            yield from (tree for tree in (stage.include,) if tree is not None)
            if stage.is_extreme:
                yield stage.value

    def _dimension(self, column: str) -> str | None:
        """Name of a column of the fact: its own dimension, or the key of the cube it joins."""
        for name, dimension in self._cube.dimensions.items():
            if read_own_column(dimension.tree, self._name) == column:
                return name
        for joined, edge in self._cube.joins.items():
            dimensions = self._model.cubes[joined].dimensions
            keys = [name for name, item in dimensions.items() if item.definition.primary_key]
            if edge.relationship != MANY and {*read_columns(edge.condition, self._name)} == {
                column
            }:
                return f"{joined}.{keys[0]}" if keys else None
        return None

    def _measure(self, aggregate: Aggregate) -> str | None:
        """The measure of the cube that an aggregate is combined from."""
        wanted = sign(aggregate)
        return self._measures.get(wanted) or self._measures.get(replace(wanted, condition=None))

    def _staged(self, stage: MultiStageStep) -> str | None:
        for signature, name in self._measures.items():
            aggregate = read_plain_aggregate(self._cube.measures[name])
            assert aggregate is not None
            if (
                write_aggregate(signature.kind, aggregate.argument, aggregate.condition)
                == stage.value
            ):
                return name
        return None


def _list_measures(cube: CompiledCube) -> Iterator[tuple[Signature, str]]:
    """Measures of a cube that add up, by the aggregate that each is."""
    for name, measure in cube.measures.items():
        aggregate = read_plain_aggregate(measure)
        if aggregate is None or aggregate.stages or aggregate.frame or aggregate.shifts:
            continue
        if aggregate.kind in COMBINED:
            yield sign(aggregate), name
