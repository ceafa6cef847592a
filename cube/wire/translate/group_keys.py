"""What a query groups by: members, periods of times, and values that keep them distinct."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from cube.compiler.compiled import CompiledDimension, Member
from cube.errors import suggest
from cube.wire.errors import GROUPING, NOT_SUPPORTED, WireError
from cube.wire.translate.aggregates import is_aggregate, name_aggregates
from cube.wire.translate.casts import is_cast_to, is_integer_cast, strip_casts, unwrap
from cube.wire.translate.computed import ComputedDimensions
from cube.wire.translate.members import Members

_BELOW_A_DAY = frozenset(["second", "minute", "hour"])


@dataclass(frozen=True)
class GroupKey:
    """A member to group by, cut into periods where it has a granularity."""

    member: Member
    granularity: str | None

    @property
    def name(self) -> str:
        """Name of its column in the rows of the cubes."""
        return self.member.name + (f".{self.granularity}" if self.granularity else "")


class GroupKeyReader:
    """Reads keys of one view."""

    def __init__(self, members: Members, computed: ComputedDimensions) -> None:
        self._members = members
        self._computed = computed

    def read_group(self, item: exp.Expr) -> GroupKey:
        """An item of GROUP BY: a member, a period of one, or an expression of members.

        Raises:
            WireError: it is no expression of dimensions.
        """
        key = self._read_kept_apart(unwrap(item))
        return GroupKey(self._computed.add(item), None) if key is None else key

    def _read_kept_apart(self, node: exp.Expr) -> GroupKey | None:
        """The key that an item has as many values as: the member within casts that make no two of
        its values one."""
        key = self.read(node)
        if key is not None:
            return key
        if isinstance(node, exp.Extract):
            return self.read_year(node)
        if not isinstance(node, exp.Cast | exp.Trunc):
            return None
        inner = unwrap(node.this)
        key = self._read_kept_apart(inner)
        return key if key is not None and _keeps_apart(node, inner, key) else None

    def read(self, node: exp.Expr) -> GroupKey | None:
        """The dimension that a column, a time cut to its period, or a computed key stands for."""
        known = self._computed.find(node)
        if known is not None:
            return GroupKey(known, None)
        if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
            unit = node.args["unit"].name.lower()
            column = strip_casts(node.this, "moment" if unit in _BELOW_A_DAY else "time")
            return self._read_period(column, unit) if isinstance(column, exp.Column) else None
        if is_cast_to(node, "date"):
            return self._read_day(strip_casts(node.this, "time"))
        if not isinstance(node, exp.Column):
            return None
        member = self._members.resolve(node)
        if member.kind == "dimension":
            return GroupKey(member, None)
        short = member.name.split(".", 1)[1]
        if member.kind == "segment":
            raise WireError(
                NOT_SUPPORTED,
                f"the segment '{short}' filters rows; it cannot be shown or grouped by",
            )
        raise WireError(GROUPING, f"'{short}' is a measure; write {name_aggregates(member)}")

    def read_year(self, node: exp.Extract) -> GroupKey | None:
        """The year of a time keeps its years distinct; its month does not keep its months so."""
        column = strip_casts(node.expression, "time")
        if not isinstance(column, exp.Column) or node.name.upper() != "YEAR":
            return None
        member = self._members.resolve(column)
        return GroupKey(member, "year") if member.type == "time" else None

    def _read_period(self, column: exp.Column, unit: str) -> GroupKey:
        member = self._members.resolve(column)
        _check_unit(member, unit)
        return GroupKey(member, unit)

    def _read_day(self, column: exp.Expr) -> GroupKey | None:
        """A time as its day; a calendar day already is one."""
        if not isinstance(column, exp.Column):
            return None
        member = self._members.resolve(column)
        is_day = isinstance(member.source, CompiledDimension) and member.source.is_day
        return None if member.type != "time" or is_day else GroupKey(member, "day")


def _keeps_apart(node: exp.Expr, inner: exp.Expr, key: GroupKey) -> bool:
    """Whether a cast of a key makes no two of its values one."""
    if isinstance(inner, exp.Extract):
        return isinstance(node, exp.Trunc) or is_integer_cast(node) or is_cast_to(node, "number")
    if is_cast_to(node, "text"):
        return True
    if key.member.type == "number":
        return is_cast_to(node, "number")
    if key.member.type != "time":
        return False
    is_day = isinstance(key.member.source, CompiledDimension) and key.member.source.is_day
    days = is_day or (key.granularity is not None and key.granularity not in _BELOW_A_DAY)
    return is_cast_to(node, "time" if days else "moment")


def _check_unit(member: Member, unit: str) -> None:
    known = getattr(member.source, "granularities", {})
    if unit not in known:
        raise WireError(
            NOT_SUPPORTED,
            f"'{unit}' is not a granularity of '{member.name}'{suggest(unit, known)}",
        )


def find_group_keys(node: exp.Expr) -> list[exp.Expr]:
    """Columns and periods within an output, but not what it aggregates."""
    if is_aggregate(node):
        return []
    if isinstance(node, exp.Column | exp.TimestampTrunc | exp.DateTrunc):
        return [node]
    if is_cast_to(node, "date") and isinstance(strip_casts(node, "time"), exp.Column):
        return [node]
    return [found for inner in node.iter_expressions() for found in find_group_keys(inner)]
