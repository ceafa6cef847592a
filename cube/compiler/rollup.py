"""Rollups: the `pre_aggregations` of the model, checked once and ready to be built and read.

A rollup is the table of a cube, grouped by some of its own columns and by periods of time. It holds
keys, never what a key stands for: names, levels and the paths of row rules are joined to it as they
are joined to the fact. So a rollup changes only where its fact does, a moved branch or a new
manager is seen in it at once, and row rules hold for it as they hold for the fact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from sqlglot import exp

from cube.compiler.definition import PreAggregation
from cube.compiler.measures import TOTAL, Aggregate, write_aggregate

DIALECT = "duckdb"
ROLLUP_SCHEMA = "rollup"
FACT_ROWS = "fact_rows"
"""Column of every rollup: how many rows of the fact a row stands for."""
STORAGE = "64 bits"
"""How sums are stored; another way is another rollup, built from nothing."""
MONTHS = {"month": 1, "quarter": 3, "year": 12}
COMBINED = {"sum": "sum", "count": TOTAL, "min": "min", "max": "max"}
"""How the values of an aggregate are combined; a distinct count is not among them."""
DISTINCT = "count_distinct"
_Output = tuple[exp.Expr, str]


@dataclass(frozen=True)
class Signature:
    """An aggregate as text: two aggregates of one signature are one figure."""

    kind: str
    argument: str | None
    condition: str | None


@lru_cache(maxsize=10_000)
def sign(aggregate: Aggregate) -> Signature:
    """The signature of an aggregate; aggregates belong to a model and are few."""
    trees = (aggregate.argument, aggregate.condition)
    texts = [None if tree is None else tree.sql(dialect=DIALECT) for tree in trees]
    return Signature(aggregate.kind, *texts)


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
    measures: Mapping[str, Aggregate]

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
    def added_up(self) -> dict[str, Aggregate]:
        """Measures whose values can be combined, and compared with those of the fact."""
        return {
            name: aggregate
            for name, aggregate in self.measures.items()
            if aggregate.kind in COMBINED
        }

    @property
    def counted(self) -> dict[str, Aggregate]:
        """Distinct counts, which hold for single rows of the rollup only."""
        return {
            name: aggregate
            for name, aggregate in self.measures.items()
            if aggregate.kind == DISTINCT
        }

    @cached_property
    def query(self) -> exp.Select:
        """The rollup as a query of its fact, by the aggregates that any other query uses."""
        keys: list[_Output] = [(self.column(key), key) for key in self.keys]
        keys += [(exp.paren(tree), name) for name, tree in self.segments.items()]
        values = [(_aggregate(aggregate), name) for name, aggregate in self.measures.items()]
        return _group([(self._period(), self.time), *keys], [*values], self.fact, self.cube)

    @cached_property
    def digest(self) -> str:
        """Changes with everything that its rows depend on, but the rows of the fact."""
        parts = (STORAGE, self.definition.partition_granularity, self.query.sql(dialect=DIALECT))
        text = " ".join(parts)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def column(self, name: str) -> exp.Column:
        """A column of the fact, or of the rollup in its place."""
        return exp.column(name, self.cube, quoted=True)

    def sum_fact(self) -> exp.Select:
        """Per partition the rows of the fact and every measure that adds up."""
        values = [(_aggregate(aggregate), name) for name, aggregate in self.added_up.items()]
        return self._sum(values, self.fact)

    def sum_rows(self) -> exp.Select:
        """The same from the rollup."""
        values = [
            (write_aggregate(COMBINED[aggregate.kind], self.column(name), None), name)
            for name, aggregate in self.added_up.items()
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


def read_columns(tree: exp.Expr, cube: str) -> Iterator[str]:
    """Columns of a cube that an expression reads."""
    return (column.name for column in tree.find_all(exp.Column) if column.table == cube)


def _aggregate(aggregate: Aggregate) -> exp.Expr:
    return write_aggregate(aggregate.kind, aggregate.argument, aggregate.condition)


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
