"""Rollups: the `pre_aggregations` of the model, checked once and ready to be built and read.

A rollup is the table of a cube, grouped by some of its own columns and by periods of time. It holds
keys, never what a key stands for: names, levels and the paths of row rules are joined to it as they
are joined to the fact. So a rollup changes only where its fact does, a moved branch or a new
manager is seen in it at once, and whoever may see only some rows of the fact sees the same of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from sqlglot import exp

from cube.server.compiled import CompiledCube, CompiledDimension
from cube.server.definition import PreAggregation
from cube.server.errors import ModelError, suggest
from cube.server.expression import MemberId
from cube.server.joins import MANY
from cube.server.measures import PART_TABLE, TOTAL, Leaf, aggregate

DIALECT = "duckdb"
ROLLUP_SCHEMA = "rollup"
FACT_ROWS = "fact_rows"
"""Column of every rollup: how many rows of the fact a row stands for."""
MONTHS = {"month": 1, "quarter": 3, "year": 12}
COMBINED = {"sum": "sum", "count": TOTAL, "min": "min", "max": "max"}
"""How the values of an aggregate are combined; a distinct count is not among them."""
_DISTINCT = "count_distinct"
_Output = tuple[exp.Expr, str]


@dataclass(frozen=True, eq=False)
class Rollup:
    """A checked rollup.

    ``time`` is the column of the fact that its periods are made of, ``keys`` the other columns it
    is grouped by. ``segments`` are conditions on rows that it keeps as columns, ``measures`` the
    aggregates; both by their name, which is that of the column.
    """

    cube: str
    definition: PreAggregation
    fact: str
    time: str
    keys: tuple[str, ...]
    segments: Mapping[str, exp.Expr]
    measures: Mapping[str, Leaf]

    @property
    def name(self) -> str:
        """Cube and rollup, as in ``transaction.by_month``."""
        return f"{self.cube}.{self.definition.name}"

    @property
    def table(self) -> str:
        """The table in a version, as in ``rollup.transaction__by_month``."""
        return f"{ROLLUP_SCHEMA}.{self.cube}__{self.definition.name}"

    @property
    def is_daily(self) -> bool:
        """Whether it keeps every day apart, so that its time is the time of the fact."""
        return self.definition.granularity == "day"

    @property
    def months(self) -> int:
        """Months of one period of a rollup that is not daily."""
        return MONTHS[self.definition.granularity]

    @cached_property
    def columns(self) -> frozenset[str]:
        """Columns of the fact that it has, with their values."""
        return frozenset((*self.keys, self.time) if self.is_daily else self.keys)

    @property
    def added_up(self) -> dict[str, Leaf]:
        """Measures whose values can be combined, and compared with those of the fact."""
        return {name: leaf for name, leaf in self.measures.items() if leaf.kind in COMBINED}

    @property
    def counted(self) -> dict[str, Leaf]:
        """Distinct counts, which hold for single rows of the rollup only."""
        return {name: leaf for name, leaf in self.measures.items() if leaf.kind == _DISTINCT}

    @cached_property
    def query(self) -> exp.Select:
        """The rollup as a query of its fact, by the aggregates that any other query uses."""
        keys: list[_Output] = [(self.column(key), key) for key in self.keys]
        keys += [(exp.paren(tree), name) for name, tree in self.segments.items()]
        values = [(_aggregate(leaf), name) for name, leaf in self.measures.items()]
        return _group([(self._period(), self.time), *keys], [*values], self.fact, self.cube)

    @cached_property
    def digest(self) -> str:
        """Changes with everything that its rows depend on, but the rows of the fact."""
        text = f"{self.definition.partition_granularity} {self.query.sql(dialect=DIALECT)}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def column(self, name: str) -> exp.Column:
        """A column of the fact, or of the rollup in its place."""
        return exp.column(name, self.cube, quoted=True)

    def sum_fact(self) -> exp.Select:
        """Per partition the rows of the fact and every measure that adds up."""
        values = [(_aggregate(leaf), name) for name, leaf in self.added_up.items()]
        return self._sum(values, self.fact)

    def sum_rows(self) -> exp.Select:
        """The same from the rollup."""
        values = [
            (aggregate(COMBINED[leaf.kind], self.column(name), None), name)
            for name, leaf in self.added_up.items()
        ]
        return self._sum(values, self.table)

    def _sum(self, values: list[_Output], table: str) -> exp.Select:
        return _group([(self.partition(), "partition")], values, table, self.cube)

    def partition(self) -> exp.Expr:
        """First day of the partition that a row belongs to."""
        return _first_day(self.column(self.time), self.definition.partition_granularity)

    def _period(self) -> exp.Expr:
        time = self.column(self.time)
        return time if self.is_daily else _first_day(time, self.definition.granularity)


def compile_rollups(cube: CompiledCube, cubes: Mapping[str, CompiledCube]) -> tuple[Rollup, ...]:
    """The rollups of a cube.

    Raises:
        ModelError: names a member that cannot stand in a rollup, and what to write instead.
    """
    compiler = _RollupCompiler(cube, cubes)
    return tuple(compiler.compile(item) for item in cube.definition.pre_aggregations)


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
        column = _own_column(dimension.tree, self._name)
        if column is None or not dimension.is_day:
            _fail(
                where,
                f"'{path}' is no column of whole days (meta.precision: day) of '{self._name}'",
            )
        return column

    def _keys(self, where: str, path: str) -> Iterable[str]:
        """Columns of the fact that a dimension stands for: its own, or those of a join."""
        dimension = self._dimension(where, path)
        own = _own_column(dimension.tree, self._name)
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

    def _measure(self, where: str, path: str) -> Leaf:
        cube, name = self._split(path)
        known = self._cube.measures
        if cube != self._name or name not in known:
            _fail(where, f"'{path}' is not a measure of '{self._name}'{suggest(name, known)}")
        parts = list(known[name].parts.values())
        leaf = parts[0] if len(parts) == 1 else None
        if not isinstance(leaf, Leaf) or known[name].tree != _value_of(leaf):
            _fail(where, f"'{path}' is made of other measures; list those")
        if leaf.kind not in (*COMBINED, _DISTINCT) or leaf.stages or leaf.frame or leaf.shifts:
            _fail(where, f"'{path}' does not add up; list the plain sums and counts it is made of")
        if not leaf.cubes <= {self._name}:
            _fail(
                where,
                f"'{path}' reads other cubes; list the measure without that filter and their keys",
            )
        return leaf

    def _split(self, path: str) -> MemberId:
        cube, _, name = path.rpartition(".")
        return (cube or self._name, name)


def read_columns(tree: exp.Expr, cube: str) -> Iterator[str]:
    """Columns of a cube that an expression reads."""
    return (column.name for column in tree.find_all(exp.Column) if column.table == cube)


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _own_column(tree: exp.Expr, cube: str) -> str | None:
    is_own = isinstance(tree, exp.Column) and tree.table == cube
    return tree.name if is_own else None


def _count_rows(cube: str) -> Leaf:
    return Leaf(FACT_ROWS, cube, "count", None, None, frozenset({cube}))


def _value_of(leaf: Leaf) -> exp.Expr:
    return exp.column(leaf.name, PART_TABLE, quoted=True)


def _aggregate(leaf: Leaf) -> exp.Expr:
    return aggregate(leaf.kind, leaf.argument, leaf.condition)


def _first_day(time: exp.Expr, unit: str) -> exp.Expr:
    moment = exp.Cast(this=time, to=exp.DataType(this=exp.DataType.Type.TIMESTAMP))
    start = exp.TimestampTrunc(this=moment, unit=exp.var(unit.upper()))
    return exp.Cast(this=start, to=exp.DataType(this=exp.DataType.Type.DATE))


def _group(keys: list[_Output], values: list[_Output], table: str, alias: str) -> exp.Select:
    schema, _, name = table.partition(".")
    outputs = [
        exp.alias_(tree.copy(), output, quoted=True, copy=False)
        for tree, output in (*keys, *values)
    ]
    source = exp.table_(name, db=schema, quoted=True, alias=exp.to_identifier(alias, quoted=True))
    positions = [exp.Literal.number(position + 1) for position in range(len(keys))]
    return exp.Select().select(*outputs).from_(source).group_by(*positions)


def _fail(where: str, problem: str) -> NoReturn:
    raise ModelError(f"{where}: {problem}")
