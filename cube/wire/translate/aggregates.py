"""Aggregates as they are written in SQL, and the measures that they fit."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from cube.compiler.compiled import Member
from cube.compiler.measures import Aggregate, CompiledMeasure, Component
from cube.wire.catalog.tables import type_of_measure
from cube.wire.errors import GROUPING, NOT_SUPPORTED, WireError
from cube.wire.translate.casts import strip_casts, unwrap

_AGGREGATES: Mapping[str, str] = {
    "sum": "SUM({})",
    "count": "COUNT({})",
    "count_distinct": "COUNT(DISTINCT {})",
    "count_distinct_approx": "COUNT(DISTINCT {})",
    "min": "MIN({})",
    "max": "MAX({})",
    "avg": "AVG({})",
}


def is_aggregate(node: exp.Expr) -> bool:
    """Whether a node aggregates rows of the view; the function of a window works on the answer."""
    if isinstance(node, exp.Anonymous) and node.name.lower() == "measure":
        return True
    return isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Window)


def get_argument(node: exp.Expr) -> tuple[exp.Expr | None, bool]:
    """What an aggregate is taken of, and whether of distinct values."""
    if isinstance(node, exp.Anonymous):
        if len(node.expressions) != 1:
            raise WireError(NOT_SUPPORTED, "MEASURE takes one measure")
        return node.expressions[0], False
    argument = node.this
    if isinstance(argument, exp.Distinct):
        if len(argument.expressions) != 1:
            raise WireError(NOT_SUPPORTED, "COUNT(DISTINCT ...) takes one column")
        return unwrap(argument.expressions[0]), True
    return (None if argument is None else unwrap(argument)), isinstance(node, exp.ApproxDistinct)


def get_column(argument: exp.Expr | None) -> exp.Column | None:
    """The column that an aggregate is taken of, also where it is cast to a number without limits,
    which changes no value."""
    column = None if argument is None else strip_casts(argument, "number")
    return column if isinstance(column, exp.Column) else None


def kind_of(member: Member) -> str:
    """Aggregate that a measure is; empty for other members."""
    source = member.source
    return source.definition.type if isinstance(source, CompiledMeasure) else ""


def name_aggregates(member: Member) -> str:
    """How a measure may be written."""
    short = member.name.split(".", 1)[1]
    pattern = _AGGREGATES.get(kind_of(member))
    return f"MEASURE({short})" + (f" or {pattern.format(short)}" if pattern else "")


def check_aggregate(node: exp.Expr, member: Member, distinct: bool) -> None:
    """Refuse an aggregate that is not the measure's: it would be another figure.

    Raises:
        WireError: names the right one.
    """
    if member.kind == "segment":
        raise WireError(GROUPING, f"'{member.name}' is a segment; it filters rows")
    kinds: dict[type[exp.Expr], tuple[str, ...]] = {
        exp.Sum: ("sum",),
        exp.Min: ("min",),
        exp.Max: ("max",),
        exp.Avg: ("avg",),
        exp.Count: ("count_distinct", "count_distinct_approx") if distinct else ("count",),
        exp.ApproxDistinct: ("count_distinct", "count_distinct_approx"),
        exp.Anonymous: (kind_of(member),),
    }
    if kind_of(member) not in kinds.get(type(node), ()):
        raise WireError(
            GROUPING,
            f"{node.sql(dialect='postgres')} does not fit the measure; write "
            f"{name_aggregates(member)}",
        )


def _is_plain(aggregate: Aggregate) -> bool:
    return not (aggregate.stages or aggregate.frame or aggregate.shifts)


def counts_rows_of(component: Component, facts: list[str]) -> bool:
    """Whether a component of a measure counts every row of a fact."""
    aggregate = component if isinstance(component, Aggregate) else None
    return (
        aggregate is not None
        and _is_plain(aggregate)
        and aggregate.condition is None
        and aggregate.cube in facts
    )


def has_row_value(member: Member) -> bool:
    """Whether a measure has a value in a single row: none of its components needs others."""
    source = member.source
    return isinstance(source, CompiledMeasure) and all(
        isinstance(component, Aggregate) and _is_plain(component)
        for component in source.components.values()
    )


_ADDITIVE = frozenset(["sum", "min", "max", "avg", "count"])


def adds_up(member: Member) -> bool:
    """Whether single rows have values that a measure is made of. Those of a distinct count or of a
    ratio are figures of one row, which mean nothing together."""
    return has_row_value(member) and kind_of(member) in _ADDITIVE


def nothing_of(member: Member) -> exp.DataType:
    """Type of an empty column."""
    names = {20: "BIGINT", 701: "DOUBLE", 1700: "DECIMAL(38, 2)"}
    name = "BOOLEAN" if member.kind == "segment" else names[type_of_measure(kind_of(member)).oid]
    return exp.DataType.build(name, dialect="duckdb")
