"""Expressions of a view's dimensions as dimensions of their own.

Where no filter of the cubes says a condition, or a query groups by more than a member, the
expression is put where its members are: it joins what they join, reads what they read, and is
hidden where they are masked. So it is neither dropped nor approximated.

    WHERE hour_number::text > '5'    ->  the filter "computed_1 equals true"
    GROUP BY hour_number::boolean    ->  the dimension "computed_1"
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from sqlglot import exp

from cube.compiler.compiled import CompiledDimension, CompiledSegment, CompiledView, Member
from cube.compiler.definition import Dimension
from cube.compiler.expression import MemberId
from cube.compiler.measures import Aggregate, CompiledMeasure
from cube.wire.errors import GROUPING, NOT_SUPPORTED, WireError
from cube.wire.translate.aggregates import has_row_value
from cube.wire.translate.casts import is_cast_to, unwrap
from cube.wire.translate.members import Members

_Kind = Literal["string", "boolean"]

_TOTAL = (
    exp.Column,
    exp.Identifier,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Paren,
    exp.Connector,
    exp.Not,
    exp.Is,
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Between,
    exp.In,
    exp.Like,
    exp.ILike,
    exp.Escape,
    exp.Lower,
    exp.Upper,
    exp.Length,
    exp.DPipe,
    exp.Cast,
    exp.DataType,
    exp.Extract,
    exp.TimestampTrunc,
    exp.Var,
)
"""What has a value for every row, and never fails."""

_COMPARES = (exp.Binary, exp.Between, exp.In)


@dataclass(frozen=True)
class _Computed:
    """An expression as a dimension: the members that it reads, and whether it only filters."""

    member: Member
    reads: tuple[Member, ...]
    filters: bool


class ComputedDimensions:
    """The expressions that one SELECT needs as dimensions.

    Args:
        members: of the view that it reads.
        is_time: whether a member is a time, or describes the days of a calendar.
        guarded: whether rows are hidden from the user. An expression that fails on a hidden row
            would reveal it, so only those that cannot fail are computed then.
    """

    def __init__(
        self, members: Members, is_time: Callable[[Member], bool], *, guarded: bool
    ) -> None:
        self._members = members
        self._is_time = is_time
        self._guarded = guarded
        self._found: dict[str, _Computed] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def anchor(self) -> Member:
        """A dimension to say a constant with."""
        return self._members.first_dimension()

    def extend(self, view: CompiledView) -> CompiledView:
        """The view with the expressions among its members."""
        added = {computed.member.name: computed.member for computed in self._found.values()}
        return replace(view, members={**view.members, **added})

    def find(self, node: exp.Expr) -> Member | None:
        """The dimension that an expression already is."""
        known = self._found.get(_name_of(node))
        return None if known is None else known.member

    def go_with(self, measure: Member) -> bool:
        """Whether a measure is the same figure beside the expressions as beside members.

        A measure over other periods or groups than those of its rows takes conditions on what is
        no time: rows that they leave out change neither the end of a period nor its windows.
        """
        if has_row_value(measure):
            return True
        assert isinstance(measure.source, CompiledMeasure)
        parts = measure.source.components.values()
        stages = [s for part in parts if isinstance(part, Aggregate) for s in part.stages]
        periods = frozenset[MemberId]().union(*(stage.keep_only for stage in stages))
        regroups = any(not isinstance(part, Aggregate) for part in parts)
        return all(
            (computed.filters or not regroups)
            and not any(self._is_time(m) or m.source.id in periods for m in computed.reads)
            for computed in self._found.values()
        )

    def add(self, node: exp.Expr, kind: _Kind = "string") -> Member:
        """The dimension that an expression is from now on.

        Raises:
            WireError: it reads a measure or no member at all, or could fail on hidden rows.
        """
        known = self._found.get(_name_of(node))
        if known is None:
            known = self._compute(node, kind)
            self._found[_name_of(node)] = known
        elif known.filters and kind == "string":
            self._found[_name_of(node)] = replace(known, filters=False)
        return known.member

    def _compute(self, node: exp.Expr, kind: _Kind) -> _Computed:
        columns = list(node.find_all(exp.Column))
        members = [self._members.resolve(column) for column in columns]
        if not members or node.find(exp.Query, exp.AggFunc, exp.Window, exp.Parameter):
            raise refuse_expression(node, "it is no expression of dimensions")
        for member in members:
            if member.kind == "measure":
                short = member.name.split(".", 1)[1]
                raise WireError(
                    GROUPING, f"'{short}' is a measure; filter it in HAVING, or in a query around"
                )
        if self._guarded and not self._never_fails(node):
            raise refuse_expression(node, "it could fail on rows that you may not see")
        trees = {id(c): _tree_of(m) for c, m in zip(columns, members, strict=True)}
        tree = _substitute(node, trees)
        if kind == "boolean":
            tree = exp.cast(tree, "boolean")
        first = members[0]
        short = self._new_name()
        dimension = CompiledDimension(
            (first.source.id[0], short),
            Dimension(name=short, sql="computed", type=kind),
            tree,
            frozenset().union(*(_cubes_of(member) for member in members)),
            {},
        )
        name = f"{self._members.view.definition.name}.{short}"
        member = Member(name, dimension, first.root, short, None, None, {})
        return _Computed(member, tuple(members), kind == "boolean")

    def _new_name(self) -> str:
        number = len(self._found) + 1
        while self._members.has(f"computed_{number}"):
            number += 1
        return f"computed_{number}"

    def _never_fails(self, node: exp.Expr) -> bool:
        for inner in node.walk():
            if not isinstance(inner, _TOTAL):
                return False
            if isinstance(inner, exp.Cast) and not self._cast_never_fails(inner):
                return False
            if isinstance(inner, _COMPARES) and not isinstance(inner, exp.Connector | exp.DPipe):
                sides = [s for s in inner.iter_expressions() if not isinstance(s, exp.Null)]
                texts = {self._is_text(side) for side in sides}
                if len(texts) > 1 and any(
                    self._is_text(s) and not isinstance(s, exp.Literal) for s in sides
                ):
                    return False
        return True

    def _cast_never_fails(self, node: exp.Cast) -> bool:
        column = unwrap(node.this)
        if is_cast_to(node, "text"):
            return True
        kind = self._members.resolve(column).type if isinstance(column, exp.Column) else ""
        return is_cast_to(node, {"number": "number", "time": "time"}.get(kind, "")) or (
            kind == "number" and node.to.this == exp.DataType.Type.BOOLEAN
        )

    def _is_text(self, node: exp.Expr) -> bool:
        inner = unwrap(node)
        if isinstance(inner, exp.Column):
            return self._members.resolve(inner).type == "string"
        if isinstance(inner, exp.Literal):
            return bool(inner.is_string)
        return isinstance(inner, exp.Lower | exp.Upper | exp.DPipe) or is_cast_to(inner, "text")


def refuse_expression(node: exp.Expr, reason: str) -> WireError:
    """An expression that cannot be computed on a view."""
    return WireError(
        NOT_SUPPORTED,
        f"{node.sql(dialect='postgres')} is not supported on a view: {reason}",
        "Put the view in a sub-select and compute around it.",
    )


def _name_of(node: exp.Expr) -> str:
    """The same for the same expression: quotes and letters of names do not matter."""
    return unwrap(node).transform(_plain_column).sql(dialect="duckdb")


def _plain_column(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier):
        quoted = bool(node.this.args.get("quoted"))
        return exp.column(node.name if quoted else node.name.lower(), quoted=True)
    return node


def _tree_of(member: Member) -> exp.Expr:
    source = member.source
    assert isinstance(source, CompiledDimension | CompiledSegment)
    return exp.paren(source.tree)


def _cubes_of(member: Member) -> frozenset[str]:
    source = member.source
    assert isinstance(source, CompiledDimension | CompiledSegment)
    return source.cubes


def _substitute(node: exp.Expr, trees: dict[int, exp.Expr]) -> exp.Expr:
    """A copy with each column replaced by what its member reads."""
    if id(node) in trees:
        return trees[id(node)].copy()
    copy = node.copy()
    pairs = zip(list(node.find_all(exp.Column)), list(copy.find_all(exp.Column)), strict=True)
    for own, copied in pairs:
        copied.replace(trees[id(own)].copy())
    return copy
