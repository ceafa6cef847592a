"""The times that place the rows of a fact: what a shift moves, and what a window runs along.

A time of the fact is one of its own or of the calendar that it joins (``value_date``, or the
``date`` of the calendar). Any other time, such as the day on which an account was opened, describes
the rows like a name: a shift leaves it where it is, and a rolling window takes filters on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from cube.compiler.compiled import CompiledDimension, Member
from cube.compiler.filters import Condition, Node, list_conditions
from cube.compiler.granularity import DAY, Interval
from cube.compiler.measures import Aggregate, Shift
from cube.errors import QueryError
from cube.planner.plan import Column, MovedTime, Rolling
from cube.planner.resolver import Resolver
from cube.query.dates import DateRange
from cube.query.query import MAXIMUM_LIMIT

_POINTS = ("equals", "in", "notEquals", "notIn")
_RANGES = ("inDateRange", "notInDateRange", "onTheDate")


@dataclass(frozen=True)
class FactTime:
    """Places the aggregates of a query in time.

    Args:
        resolver: finds cubes and joins.
        where: the filters of the query.
        rolled: time members that the query groups by or limits, with their date ranges.
        names: the measure that asks for each component, as the user knows it.
    """

    resolver: Resolver
    where: tuple[Node, ...]
    rolled: Mapping[str, tuple[Member, DateRange | None]]
    names: Mapping[str, str]

    def keep(self, rolling: Rolling | None) -> tuple[Node, ...]:
        """Filters of a source. A rolling window looks beyond the range of its time member."""
        if rolling is None:
            return self.where
        return tuple(
            node
            for node in self.where
            if not (
                isinstance(node, Condition)
                and node.operator == "inDateRange"
                and node.member.name == rolling.member.name
                and node.values == rolling.bounds
            )
        )

    def roll(self, aggregate: Aggregate, columns: tuple[Column, ...]) -> Rolling | None:
        """The window of an aggregate.

        Raises:
            QueryError: the query does not say one range and one granularity for it.
        """
        if aggregate.frame is None:
            return None
        what = f"the rolling window of '{self.names[aggregate.name]}'"
        if len(self.rolled) != 1:
            raise QueryError(f"{what} needs one time dimension with a dateRange")
        ((member, bounds),) = self.rolled.values()
        if bounds is None:
            raise QueryError(f"{what} needs a dateRange at '{member.name}'")
        times = [column for column in columns if column.member.name == member.name]
        if len(times) > 1 or any(column.granularity is None for column in times):
            raise QueryError(f"{what} takes one granularity of '{member.name}' at a time")
        if times and times[0].granularity is not None:
            seconds = (bounds[1] - bounds[0]).total_seconds()
            if seconds / times[0].granularity.interval.approximate_seconds > MAXIMUM_LIMIT:
                raise QueryError(f"{what} would have more than {MAXIMUM_LIMIT} periods")
            if _starts_before_calendar(bounds[0], times[0].granularity_interval):
                raise QueryError(f"{what} would begin before the year 1; give a later dateRange")
        rolling = Rolling(aggregate.frame, member, times[0] if times else None, bounds)
        self._check_window(rolling, aggregate.cube, columns, what)
        return rolling

    def _check_window(
        self, rolling: Rolling, cube: str, columns: tuple[Column, ...], what: str
    ) -> None:
        """A window holds entries of earlier periods, which no other filter on time may take away.

        Raises:
            QueryError: the query filters or groups by time beside the window's own.
        """
        shown = [column.member for column in columns if column is not rolling.column]
        kept = _list(self.keep(rolling))
        for member in (*shown, *(condition.member for condition in kept)):
            if self._is_time_of(member, cube) or self.resolver.is_calendar(member):
                raise QueryError(
                    f"{what} reaches beyond its dateRange, so '{member.name}' cannot filter or "
                    f"group it: limit and cut '{rolling.member.name}' under timeDimensions alone"
                )

    def move(self, aggregate: Aggregate, columns: tuple[Column, ...]) -> tuple[MovedTime, ...]:
        """The times that the shifts of an aggregate move, and how.

        Raises:
            QueryError: there is no time to move, or it is not clear which.
        """
        if not aggregate.shifts:
            return ()
        what = f"the time shift of '{self.names[aggregate.name]}'"
        members = [column.member for column in columns]
        members += [condition.member for condition in self._conditions()]
        for member in members:
            if self.resolver.is_calendar(member):
                raise QueryError(f"{what} cannot move '{member.name}'; use a time dimension")
        own = [member for member in members if self._is_time_of(member, aggregate.cube)]
        return tuple(
            self._moved(member, shift.interval, columns)
            for shift in aggregate.shifts
            for member in self._select(shift, own, columns, aggregate.cube, what)
        )

    def _select(
        self, shift: Shift, own: list[Member], columns: tuple[Column, ...], cube: str, what: str
    ) -> list[Member]:
        """The members of the time to move: as named, else by how the query asks for time."""
        if shift.member is not None:
            source = self.resolver.dimension(shift.member)
            moved = {self._day(source, cube)}
        else:
            moved = self._asked(own, columns, cube, what)
        found = {member.source.id: member for member in own if self._day(member, cube) in moved}
        if not found:
            raise QueryError(f"{what} needs a time dimension in the query")
        return list(found.values())

    def _asked(
        self, own: list[Member], columns: tuple[Column, ...], cube: str, what: str
    ) -> set[str]:
        """The time whose periods are shown; else the one with a range, shown raw, or filtered."""
        cut = {column.member.name for column in columns if column.granularity is not None}
        shown = {column.member.name for column in columns}
        ranged = {name for name, (_, bounds) in self.rolled.items() if bounds is not None}
        for names in (cut, ranged, shown, {member.name for member in own}):
            asked = [member for member in own if member.name in names]
            if len({self._day(member, cube) for member in asked}) > 1:
                listed = " and ".join(dict.fromkeys(f"'{member.name}'" for member in asked))
                raise QueryError(
                    f"{what} moves one time, and the query asks for {listed}; group by or limit "
                    "one of them under timeDimensions, and filter the other"
                )
            if asked:
                return {self._day(asked[0], cube)}
        return set()

    def _moved(self, member: Member, interval: Interval, columns: tuple[Column, ...]) -> MovedTime:
        id_ = member.source.id
        shown = [column for column in columns if column.id == id_]
        single = [c for c in self._conditions() if c.member.source.id == id_ and _is_of_a_day(c)]
        if single or any(_is_daily(column) for column in shown):
            return MovedTime(id_, interval, "days")
        by_month = all(column.granularity_interval.months for column in shown)
        return MovedTime(id_, interval, "months" if by_month else "weeks")

    def _is_time_of(self, member: Member, cube: str) -> bool:
        other = member.source.id[0]
        joined = self.resolver.has_days(other) and other in self.resolver.model.cubes[cube].joins
        return member.type == "time" and (other == cube or joined)

    def _day(self, member: Member, cube: str) -> str:
        """What a time reads, so that a date and the day of the calendar it joins are one."""
        assert isinstance(member.source, CompiledDimension)
        tree = member.source.tree
        edge = self.resolver.model.cubes[cube].joins.get(member.source.id[0])
        for equal in edge.condition.find_all(exp.EQ) if edge else ():
            if equal.expression == tree:
                return str(equal.this.sql())
            if equal.this == tree:
                return str(equal.expression.sql())
        return tree.sql()

    def _conditions(self) -> Iterator[Condition]:
        return _list(self.where)


def _list(nodes: Iterable[Node]) -> Iterator[Condition]:
    for node in nodes:
        yield from list_conditions(node)


def _is_daily(column: Column) -> bool:
    """Whether a column shows single days, or parts of them."""
    return column.granularity is None or column.granularity_interval.is_within(DAY)


def _is_of_a_day(condition: Condition) -> bool:
    """Whether a filter names single days, no period."""
    if condition.operator in _RANGES:
        first, last = condition.values
        assert isinstance(first, datetime) and isinstance(last, datetime)
        return first.date() == last.date()
    return condition.operator in _POINTS and bool(condition.values)


def _starts_before_calendar(moment: datetime, length: Interval) -> bool:
    """Whether a period around the moment may begin before the first day there is."""
    try:
        (-length).after(moment)
    except (OverflowError, ValueError):
        return True
    return False
