"""Checks the `pre_aggregations` of a cube: what they name, and whether a rollup can hold it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NoReturn

from sqlglot import exp

from cube.compiler.compiled import CompiledCube, CompiledDimension
from cube.compiler.definition import PreAggregation
from cube.compiler.expression import MemberId
from cube.compiler.joins import MANY
from cube.compiler.measures import COMPONENT_TABLE, Aggregate, CompiledMeasure
from cube.compiler.rollup import COMBINED, DISTINCT, FACT_ROWS, MONTHS, Rollup, read_columns
from cube.errors import ModelError, suggest


def compile_rollups(cube: CompiledCube, cubes: Mapping[str, CompiledCube]) -> tuple[Rollup, ...]:
    """The rollups of a cube.

    Raises:
        ModelError: names a member that a rollup cannot hold, and what to write instead.
    """
    names = [item.name for item in cube.definition.pre_aggregations]
    for name in names:
        if names.count(name) > 1:
            _fail(f"{cube.definition.name}.pre_aggregations", f"two rollups are called '{name}'")
    return tuple(compile_rollup(item, cube, cubes) for item in cube.definition.pre_aggregations)


def compile_rollup(
    item: PreAggregation, cube: CompiledCube, cubes: Mapping[str, CompiledCube]
) -> Rollup:
    """One rollup of a cube, declared by its model or not.

    Raises:
        ModelError: as `compile_rollups` does.
    """
    return _RollupCompiler(cube, cubes).compile(item)


def read_own_column(tree: exp.Expr, cube: str) -> str | None:
    """The column of a cube that an expression is, where it is nothing else."""
    is_own = isinstance(tree, exp.Column) and tree.table == cube
    return tree.name if is_own else None


def read_plain_aggregate(measure: CompiledMeasure) -> Aggregate | None:
    """The one aggregate that a measure is, where it is made of no others."""
    components = list(measure.components.values())
    aggregate = components[0] if len(components) == 1 else None
    return (
        aggregate
        if isinstance(aggregate, Aggregate) and measure.tree == _value_of(aggregate)
        else None
    )


class _RollupCompiler:
    def __init__(self, cube: CompiledCube, cubes: Mapping[str, CompiledCube]) -> None:
        self._cube = cube
        self._cubes = cubes
        self._name = cube.definition.name

    def compile(self, item: PreAggregation) -> Rollup:
        where = f"{self._name}.pre_aggregations.{item.name}"
        time = self._time(where, item.time_dimension)
        keys = [key for path in item.dimensions for key in self._keys(where, path)]
        rollup = Rollup(
            self._name,
            item,
            self._cube.definition.sql_table,
            time,
            tuple(key for key in dict.fromkeys(keys) if key != time),
            {_last(path): self._segment(where, path) for path in item.segments},
            {FACT_ROWS: _count_rows(self._name)}
            | {_last(path): self._measure(where, path) for path in item.measures},
        )
        names = [rollup.time, *rollup.keys, *rollup.segments, *rollup.measures]
        for name in names:
            if names.count(name) > 1:
                _fail(where, f"two columns would be called '{name}'")
        if MONTHS[item.partition_granularity] < MONTHS.get(item.granularity, 0):
            _fail(where, "a partition is shorter than the periods in it")
        return rollup

    def _time(self, where: str, path: str) -> str:
        dimension = self._dimension(where, path)
        column = read_own_column(dimension.tree, self._name)
        if column is None or not dimension.is_day:
            _fail(
                where,
                f"'{path}' is no column of whole days (meta.precision: day) of '{self._name}'",
            )
        return column

    def _keys(self, where: str, path: str) -> Iterable[str]:
        """Columns of the fact that a dimension stands for: its own, or those of a join."""
        dimension = self._dimension(where, path)
        own = read_own_column(dimension.tree, self._name)
        if own is not None:
            return [own]
        joined, name = dimension.id
        edge = self._cube.joins.get(joined)
        keys = [d for d in self._cubes[joined].dimensions.values() if d.definition.primary_key]
        if edge is None or edge.relationship == MANY or dimension not in keys:
            near = [d.id[1] for d in keys] if edge is not None and joined != self._name else []
            advice = f"; list '{joined}.{near[0]}', and '{name}' is read through it" if near else ""
            _fail(
                where,
                f"'{path}' is neither a column of '{self._name}' nor the key of a cube that it "
                f"joins by many_to_one{advice}",
            )
        return sorted(read_columns(edge.condition, self._name))

    def _dimension(self, where: str, path: str) -> CompiledDimension:
        cube, name = self._split(path)
        known = self._cubes[cube].dimensions if cube in self._cubes else {}
        if name not in known:
            _fail(where, f"'{path}' is not a dimension{suggest(name, known)}")
        return known[name]

    def _segment(self, where: str, path: str) -> exp.Expr:
        cube, name = self._split(path)
        known = self._cube.segments
        if cube != self._name or name not in known:
            _fail(where, f"'{path}' is not a segment of '{self._name}'{suggest(name, known)}")
        if not known[name].cubes <= {self._name}:
            _fail(
                where, f"'{path}' reads other cubes; list their keys, and it is read through them"
            )
        return known[name].tree

    def _measure(self, where: str, path: str) -> Aggregate:
        cube, name = self._split(path)
        known = self._cube.measures
        if cube != self._name or name not in known:
            _fail(where, f"'{path}' is not a measure of '{self._name}'{suggest(name, known)}")
        aggregate = read_plain_aggregate(known[name])
        if aggregate is None:
            _fail(where, f"'{path}' is made of other measures; list those")
        if (
            aggregate.kind not in (*COMBINED, DISTINCT)
            or aggregate.stages
            or aggregate.frame
            or aggregate.shifts
        ):
            _fail(where, f"'{path}' does not add up; list the plain sums and counts it is made of")
        if not aggregate.cubes <= {self._name}:
            _fail(
                where,
                f"'{path}' reads other cubes; list the measure without that filter and their keys",
            )
        return aggregate

    def _split(self, path: str) -> MemberId:
        cube, _, name = path.rpartition(".")
        return (cube or self._name, name)


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _count_rows(cube: str) -> Aggregate:
    return Aggregate(FACT_ROWS, cube, "count", None, None, frozenset({cube}))


def _value_of(aggregate: Aggregate) -> exp.Expr:
    return exp.column(aggregate.name, COMPONENT_TABLE, quoted=True)


def _fail(where: str, problem: str) -> NoReturn:
    raise ModelError(f"{where}: {problem}")
