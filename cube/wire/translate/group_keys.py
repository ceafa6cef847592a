"""What a query groups by: members, periods of times, and values that keep them distinct."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from cube.compiler.compiled import CompiledDimension, Member
from cube.errors import suggest
from cube.wire.errors import GROUPING, NOT_SUPPORTED, WireError
from cube.wire.translate.aggregates import is_aggregate, name_aggregates, strip_casts
from cube.wire.translate.members import Members

_KEEPS_APART = (exp.Paren, exp.Cast, exp.Trunc)
"""What may stand around a group: none of them makes two days, periods or texts one."""


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

    def __init__(self, members: Members) -> None:
        self._members = members

    def read_group(self, item: exp.Expr) -> GroupKey:
        """An item of GROUP BY.

        Raises:
            WireError: its values do not keep those of one member distinct.
        """
        node = item
        key = self.read(node)
        while key is None and isinstance(node, _KEEPS_APART):
            node = node.this
            key = self.read(node)
        if key is None and isinstance(node, exp.Extract):
            key = self.read_year(node)
        if key is None:
            raise WireError(
                NOT_SUPPORTED,
                f"cannot group by {item.sql(dialect='postgres')}",
                "Group by a member, by date_trunc of a time, or around a sub-select.",
            )
        return key

    def read(self, node: exp.Expr) -> GroupKey | None:
        """The dimension that a column, or a time cut to its period, stands for."""
        if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
            column = strip_casts(node.this)
            unit = node.args["unit"].name.lower()
            return self._read_period(column, unit) if isinstance(column, exp.Column) else None
        if isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.DATE:
            return self._read_day(strip_casts(node.this))
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
        column = strip_casts(node.expression)
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
    return [found for inner in node.iter_expressions() for found in find_group_keys(inner)]
