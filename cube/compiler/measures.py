"""Measures as expressions over components, each computed at a grain of its own.

A compiled measure is a tree over columns of the pseudo table ``@component``. Its components are:

- an **aggregate** over the rows of one cube, by the members of the query. It may carry a rolling
  window, a shift in time, and *multi-stage steps*, which find the first or last month of a period;
- a **window**: a rank or an aggregate over the rows of the answer, within some of its members;
- a **nested aggregate**: of another measure by the query's members and more.

Two shapes of balances are understood, both written in stock keys:

- a private **rank** that orders one dimension within the members of ``grain.keep_only``, and a sum
  over the rows of rank 1: the end (``desc``) or the start (``asc``) of the queried period;
- a **sum at a grain of its own**: the base measure per ``grain.include``, summed within
  ``grain.keep_only``, whatever else the query groups by.

Both become a small relation, a `MultiStageStep`, with one row per combination of the query's
members of ``keep_only``. Joining it multiplies nothing, so additive measures beside it stay as they
are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from cube.compiler.definition import Measure
from cube.compiler.expression import (
    MemberId,
)
from cube.compiler.granularity import NO_TIME, Interval

COMPONENT_TABLE = "@component"
TOTAL = "total"
"""Kind of an aggregate that adds up counts taken before; counts of nothing are 0."""
STEP_VALUE = "value"


@dataclass(frozen=True, eq=False)
class MultiStageStep:
    """One value per combination of the members of ``keep_only`` that a query groups by.

    ``value`` aggregates the rows of the fact; where ``include`` is set, it does so per value of
    that expression, and the results are summed.
    """

    name: str
    value: exp.Expr
    include: exp.Expr | None
    keep_only: frozenset[MemberId]
    cubes: frozenset[str]

    @property
    def is_extreme(self) -> bool:
        """Whether it finds the first or last value, which repeated rows do not change."""
        return isinstance(self.value, exp.Max | exp.Min)


@dataclass(frozen=True)
class Frame:
    """Rolling window: lengths before and after the edge of a period; None is no limit.

    ``to_date`` is the unit that a period ends in: the window runs from the unit's start to the
    end of the period.
    """

    trailing: Interval | None = NO_TIME
    leading: Interval | None = NO_TIME
    from_start: bool = False
    to_date: str | None = None


@dataclass(frozen=True)
class Shift:
    """Rows are counted this much later than they happened; of all time members unless named."""

    interval: Interval
    member: MemberId | None = None


@dataclass(frozen=True, eq=False)
class Aggregate:
    """Aggregate ``kind`` of ``argument`` over the rows of ``cube`` that meet ``condition``.

    An ``argument`` of None counts rows. ``cubes`` are those whose columns it reads.
    """

    name: str
    cube: str
    kind: str
    argument: exp.Expr | None
    condition: exp.Expr | None
    cubes: frozenset[str]
    stages: tuple[MultiStageStep, ...] = ()
    frame: Frame | None = None
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True, eq=False)
class Window:
    """A rank by ``order``, or an aggregate of ``tree``, over rows that agree in some members.

    Those are the members of ``keep_only`` where it is set, else all but those of ``exclude``.
    """

    name: str
    kind: str
    tree: exp.Expr | None
    order: tuple[tuple[exp.Expr, bool], ...]
    keep_only: frozenset[MemberId] | None
    exclude: frozenset[MemberId]

    def keeps(self, member: MemberId) -> bool:
        """Whether rows of one window agree in the member."""
        inside = self.keep_only is None or member in self.keep_only
        return inside and member not in self.exclude


@dataclass(frozen=True, eq=False)
class NestedAggregate:
    """Aggregate of a measure's values by the query's members and those of ``include``."""

    name: str
    kind: str
    base: CompiledMeasure
    include: tuple[MemberId, ...]


Component = Aggregate | Window | NestedAggregate


@dataclass(frozen=True, eq=False)
class CompiledMeasure:
    """A measure; ``tree`` reads the values of ``components`` only."""

    id: MemberId
    definition: Measure
    tree: exp.Expr
    components: Mapping[str, Component]

    @property
    def value_type(self) -> str:
        """Type of the value; every aggregate that the model knows is a number."""
        return "number"

    @property
    def aggregates(self) -> tuple[Aggregate, ...]:
        """The aggregates that the measure itself reads."""
        return tuple(
            component for component in self.components.values() if isinstance(component, Aggregate)
        )

    @property
    def cubes(self) -> frozenset[str]:
        """Cubes whose columns the measure reads, in whatever component."""
        nested = [
            component.base
            for component in self.components.values()
            if isinstance(component, NestedAggregate)
        ]
        inner = [aggregate.cubes for aggregate in self.aggregates] + [base.cubes for base in nested]
        return frozenset().union(*inner)


def write_aggregate(kind: str, argument: exp.Expr | None, condition: exp.Expr | None) -> exp.Expr:
    """SUM, COUNT, ... of the argument over the rows that meet the condition."""
    call = _call("sum" if kind == TOTAL else kind, argument)
    if condition is not None:
        call = exp.Filter(this=call, expression=exp.Where(this=condition.copy()))
    if kind != TOTAL:
        return call
    count = exp.Coalesce(this=call, expressions=[exp.Literal.number(0)])
    return exp.Cast(this=count, to=exp.DataType(this=exp.DataType.Type.BIGINT))


def replace_components(tree: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """Copy of a tree with the columns of components replaced; components without a value stay."""

    def swap(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.table == COMPONENT_TABLE and node.name in values:
            return values[node.name].copy()
        return node

    return tree.transform(swap)


def _call(kind: str, argument: exp.Expr | None) -> exp.Expr:
    if argument is None:
        return exp.Count(this=exp.Star())
    value = argument.copy()
    if kind == "count_distinct":
        return exp.Count(this=exp.Distinct(expressions=[value]))
    if kind == "count_distinct_approx":
        return exp.ApproxDistinct(this=value)
    functions = {"count": exp.Count, "sum": exp.Sum, "min": exp.Min, "max": exp.Max, "avg": exp.Avg}
    return functions[kind](this=value)
