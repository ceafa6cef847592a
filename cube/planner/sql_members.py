"""Members and filters of a plan as SQL. Every value is bound where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

from sqlglot import exp

from cube.compiler.compiled import CompiledDimension, CompiledSegment, Member
from cube.compiler.expression import MemberId
from cube.compiler.filters import SEGMENT, Condition, Group, Node, list_conditions
from cube.compiler.measures import CompiledMeasure, replace_components
from cube.compiler.values import Value
from cube.planner.operator_sql import CONDITIONS
from cube.planner.plan import Column, MovedTime, Plan
from cube.planner.rollup_time import RANGES
from cube.planner.sql_shift import has_match, move_to_month_end
from cube.planner.sql_tree import TIMESTAMP, as_moment, combine

_UPPER = ("beforeDate", "beforeOrOnDate")


class MemberWriter:
    """Writes the members and filters of one statement; its values are added to ``parameters``."""

    def __init__(self, plan: Plan, parameters: list[Value | int]) -> None:
        self._plan = plan
        self._zone = ZoneInfo(plan.timezone)
        self.parameters = parameters

    def bind(self, value: Value | int) -> exp.Parameter:
        """Placeholder of a value."""
        self.parameters.append(value)
        return exp.Parameter(this=exp.Literal.number(len(self.parameters)))

    def column(self, column: Column, shifts: Sequence[MovedTime]) -> exp.Expr:
        """A member to group by; times are cut into their periods."""
        if column.granularity is None:
            return self._value(column.member, shifts)
        return column.granularity.bucket(self.local(column.member, shifts), self._plan.today)

    def _value(self, member: Member, shifts: Sequence[MovedTime]) -> exp.Expr:
        """A dimension as its cube says; times are moved by the shifts of the source."""
        return _move(_dimension(member).tree.copy(), member, shifts)

    def local(self, member: Member, shifts: Sequence[MovedTime]) -> exp.Expr:
        """A time in the zone of the query. A calendar day is the same day everywhere."""
        return _move(self._unmoved(member), member, shifts)

    def _unmoved(self, member: Member) -> exp.Expr:
        moment = as_moment(exp.paren(_dimension(member).tree.copy(), copy=False))
        if self._is_fixed(member):
            return moment
        utc = exp.AtTimeZone(this=moment, zone=exp.Literal.string("UTC"))
        return exp.AtTimeZone(this=utc, zone=exp.Literal.string(self._plan.timezone))

    def _is_fixed(self, member: Member) -> bool:
        return self._plan.timezone == "UTC" or _dimension(member).is_day

    def timestamp(self, moment: datetime) -> exp.Expr:
        """A moment as a bound timestamp."""
        return exp.Cast(this=self.bind(moment), to=exp.DataType(this=TIMESTAMP))

    def _utc(self, moment: datetime) -> datetime:
        """A local moment in UTC."""
        try:
            return moment.replace(tzinfo=self._zone).astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            # The first and the last day of the calendar are open ends; beyond them lies nothing.
            return datetime.min if moment.year == datetime.min.year else datetime.max

    def _is_single(self, moment: datetime) -> bool:
        """Whether the local clock shows a moment once: not twice in autumn, nor never in spring."""
        early, late = (moment.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        return early.utcoffset() == late.utcoffset()

    def filter(
        self,
        select: exp.Select,
        nodes: Sequence[Node],
        columns: Iterable[Column],
        shifts: Sequence[MovedTime],
    ) -> None:
        """Let a SELECT keep the rows that meet every filter, and that a moved time counts at all.

        Args:
            select: of a source with the shifts.
            nodes: the filters.
            columns: members that the SELECT groups by.
            shifts: times that are moved.
        """
        conditions = [self._where(node, shifts) for node in nodes]
        members = [column.member for column in columns]
        members += [condition.member for node in nodes for condition in list_conditions(node)]
        conditions += self._matches({member.source.id: member for member in members}, shifts)
        if conditions:
            select.where(*conditions, copy=False)

    def _matches(
        self, members: Mapping[MemberId, Member], shifts: Sequence[MovedTime]
    ) -> Iterator[exp.Expr]:
        """That the days which a shift moves stand beside a day."""
        for position, shift in enumerate(shifts):
            if shift.matched == "days" and shift.member in members:
                member = members[shift.member]
                yield has_match(self.local(member, shifts[:position]), shift.interval)

    def _where(self, node: Node, shifts: Sequence[MovedTime]) -> exp.Expr:
        if isinstance(node, Group):
            return combine(node, [self._where(item, shifts) for item in node.items])
        if node.operator == SEGMENT:
            assert isinstance(node.member.source, CompiledSegment)
            return exp.paren(node.member.source.tree)
        if node.operator == "measureFilter":
            return _counts_to(get_measure(node.member))
        if any(shift.moves(node.member) for shift in shifts):
            return self._where_moved(node, shifts)
        tree = exp.paren(_dimension(node.member).tree.copy(), copy=False)
        if node.member.type != "time":
            return self._apply(node, tree, node.values)
        return self._where_time(node, tree)

    def _where_time(self, node: Condition, tree: exp.Expr) -> exp.Expr:
        """A filter on a time. Moments that the local clock shows twice or never are compared with
        what it shows; the others as the table keeps them, which lets parts of it be skipped."""
        moments = [value for value in node.values if isinstance(value, datetime)]
        if self._is_fixed(node.member):
            return self._apply(node, as_moment(tree), moments)
        if all(map(self._is_single, moments)):
            return self._apply(node, as_moment(tree), map(self._utc, moments))
        return self._apply(node, self._unmoved(node.member), moments)

    def _where_moved(self, node: Condition, shifts: Sequence[MovedTime]) -> exp.Expr:
        """A filter on a moved time. What it moves is local, so that no clock change divides it."""
        late = self.local(node.member, shifts)
        early = _move(self._unmoved(node.member), node.member, shifts, to_end=False)
        if any(shift.matched != "months" for shift in shifts if shift.moves(node.member)):
            early = late.copy()
        if node.operator in RANGES:
            # Both ends of the period move, so that 1 to 30 May stands beside all of April.
            first, last = node.values
            inside = exp.and_(
                exp.GTE(this=late, expression=self.bind(first)),
                exp.LTE(this=early, expression=self.bind(last)),
            )
            return exp.not_(inside) if node.operator == "notInDateRange" else inside
        return self._apply(node, early if node.operator in _UPPER else late, node.values)

    def having(self, node: Node, values: Mapping[str, exp.Expr]) -> exp.Expr:
        """A filter on measures, which are computed from ``values``."""
        if isinstance(node, Group):
            return combine(node, [self.having(item, values) for item in node.items])
        tree = exp.paren(replace_components(get_measure(node.member).tree, values), copy=False)
        return self._apply(node, tree, node.values)

    def _apply(self, node: Condition, tree: exp.Expr, values: Iterable[Value]) -> exp.Expr:
        bound = [self.bind(value) for value in values]
        return CONDITIONS[node.operator](tree, bound, node.with_null)


def _move(
    tree: exp.Expr, member: Member, shifts: Sequence[MovedTime], *, to_end: bool = True
) -> exp.Expr:
    """A time of a member, moved by shifts; ``to_end`` keeps the last day of a month the last."""
    for shift in shifts:
        if shift.moves(member):
            tree = exp.paren(tree, copy=False)
            if shift.matched == "weeks" or not to_end:
                tree = shift.interval.added_to(tree)
            else:
                tree = move_to_month_end(tree, shift.interval)
    return tree


def _dimension(member: Member) -> CompiledDimension:
    return cast("CompiledDimension", member.source)


def get_measure(member: Member) -> CompiledMeasure:
    """The measure behind a member."""
    return cast("CompiledMeasure", member.source)


def _counts_to(measure: CompiledMeasure) -> exp.Expr:
    """Whether a row meets the filters of a measure."""
    conditions = [
        exp.paren(aggregate.condition) for aggregate in measure.aggregates if aggregate.condition
    ]
    return exp.and_(*conditions) if conditions else exp.true()
