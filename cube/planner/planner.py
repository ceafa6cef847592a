"""The planner: resolves names against the model, types values, divides a query into sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from cube.compiler.compiled import (
    CompiledDimension,
    Kind,
    Member,
)
from cube.compiler.filters import SEGMENT, Condition, Group, Node, list_conditions
from cube.compiler.measures import (
    CompiledMeasure,
    Component,
    NestedAggregate,
)
from cube.compiler.model import Model
from cube.compiler.values import Value, type_values
from cube.errors import QueryError, suggest
from cube.planner.plan import Column, Plan
from cube.planner.resolver import Resolver
from cube.planner.sources import Facts
from cube.query.dates import DateRange, parse_range
from cube.query.query import DEFAULT_LIMIT, And, Filter, FilterItem, Query
from cube.security.access import Access

_WHOLE_DIGITS = 28
_DECIMALS = 18


def plan_query(query: Query, model: Model, today: date, access: Access) -> Plan:
    """Resolve a query.

    Args:
        query: as the client sent it.
        model: the compiled model.
        today: business date that relative ranges count from.
        access: the members and rows that the user may see; to the user there are no others.

    Raises:
        QueryError: unknown member, operator or value that does not fit, or a combination of
            members that has no meaning in the model.
    """
    return _Planner(query, model, today, access).plan()


class _Planner:
    def __init__(self, query: Query, model: Model, today: date, access: Access) -> None:
        self._query = query
        self._today = today
        self._zone = ZoneInfo(query.timezone)
        self._resolver = Resolver(model, access)

    def plan(self) -> Plan:
        query = self._query
        columns = self._columns()
        measures = tuple(self._member(name, "measure") for name in query.measures)
        segments = tuple(self._member(name, "segment") for name in query.segments)
        ranges = self._ranges()
        where, having = self._filters(ranges, segments)
        components = _list_components(measures, having)
        names = _name_components(measures, having)
        facts = Facts(self._resolver, columns, where, self._rolled(columns, ranges), names)
        body = facts.body(columns, components)
        plan = Plan(
            body=body,
            measures=measures,
            having=having,
            order=self._order(columns, measures),
            limit=query.limit or DEFAULT_LIMIT,
            offset=query.offset,
            total=query.total,
            ungrouped=query.ungrouped,
            segments=segments,
            ranges=ranges,
            timezone=query.timezone,
            today=self._today,
        )
        _check_ungrouped(plan)
        return plan

    def _member(self, name: str, kind: Kind | None = None) -> Member:
        member = self._resolver.member(name, kind)
        source = member.source
        is_clock = isinstance(source, CompiledDimension) and source.is_clock
        if is_clock and self._query.timezone != "UTC":
            raise QueryError(
                f"'{name}' is the time of day as it was recorded, which a timezone does not move; "
                "ask without a timezone, or cut a time by hour"
            )
        return member

    def _time_member(self, name: str) -> Member:
        member = self._member(name, "dimension")
        if member.type != "time":
            raise QueryError(f"'{name}' is of type {member.type}, not a time dimension")
        return member

    def _columns(self) -> tuple[Column, ...]:
        columns = [self._dimension_column(name) for name in self._query.dimensions]
        for item in self._query.time_dimensions:
            member = self._time_member(item.dimension)
            if item.granularity:
                columns.append(_time_column(member, item.granularity))
        return tuple({column.name: column for column in columns}.values())

    def _dimension_column(self, name: str) -> Column:
        if name.count(".") != 2:  # noqa: PLR2004 - view.member.granularity
            return Column(name, self._member(name, "dimension"))
        member_name, _, granularity = name.rpartition(".")
        return _time_column(self._time_member(member_name), granularity)

    def _ranges(self) -> tuple[DateRange | None, ...]:
        return tuple(
            None
            if item.date_range is None
            else parse_range(item.date_range, self._today, self._zone)
            for item in self._query.time_dimensions
        )

    def _rolled(
        self, columns: tuple[Column, ...], ranges: tuple[DateRange | None, ...]
    ) -> dict[str, tuple[Member, DateRange | None]]:
        """Time members that the query groups by or limits, with their date ranges."""
        found = {
            column.member.name: (column.member, None) for column in columns if column.granularity
        }
        rolled: dict[str, tuple[Member, DateRange | None]] = {**found}
        for item, bounds in zip(self._query.time_dimensions, ranges, strict=True):
            if bounds is not None:
                rolled[item.dimension] = (self._time_member(item.dimension), bounds)
        return rolled

    def _filters(
        self, ranges: tuple[DateRange | None, ...], segments: tuple[Member, ...]
    ) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        where: list[Node] = [
            Condition(self._time_member(item.dimension), "inDateRange", bounds)
            for item, bounds in zip(self._query.time_dimensions, ranges, strict=True)
            if bounds is not None
        ]
        where += [Condition(member, SEGMENT) for member in segments]
        having: list[Node] = []
        for node in _flatten(self._node(item) for item in self._query.filters):
            aggregates = {_is_aggregate(condition) for condition in list_conditions(node)}
            if len(aggregates) > 1:
                raise QueryError("an 'or' cannot mix measures and dimensions")
            (having if aggregates == {True} else where).append(node)
        return tuple(where), tuple(having)

    def _node(self, item: FilterItem) -> Node:
        if isinstance(item, Filter):
            return self._condition(item)
        kind: Literal["and", "or"] = "and" if isinstance(item, And) else "or"
        return Group(kind, tuple(self._node(inner) for inner in item.items))

    def _condition(self, item: Filter) -> Condition:
        member = self._member(item.member)
        values = type_values(item, member, self._today, self._zone)
        _check_digits(member, values)
        return Condition(member, item.operator, values, None in item.values)

    def _order(
        self, columns: tuple[Column, ...], measures: tuple[Member, ...]
    ) -> tuple[tuple[str, bool], ...]:
        """Keys of the rows, each with whether it descends. Ties are broken by the columns."""
        if self._query.order is None:
            chosen = _default_order(columns, measures)
        else:
            chosen = [
                (_order_key(name, columns, measures), direction == "desc")
                for name, direction in self._query.order
            ]
        if not chosen:
            return ()
        order: dict[str, bool] = {}
        for name, descending in (*chosen, *((column.name, False) for column in columns)):
            order.setdefault(name, descending)
        return tuple(order.items())


def _check_digits(member: Member, values: Iterable[Value]) -> None:
    """Beside a number with too many digits, DuckDB has no room for the digits of the column."""
    for value in values:
        if isinstance(value, Decimal):
            exponent = value.as_tuple().exponent
            assert isinstance(exponent, int)
            if value.adjusted() >= _WHOLE_DIGITS or -exponent > _DECIMALS:
                raise QueryError(
                    f"{value} is out of range for '{member.name}': numbers of filters have up to "
                    f"{_WHOLE_DIGITS} digits before the point and {_DECIMALS} after it"
                )


def _time_column(member: Member, name: str) -> Column:
    assert isinstance(member.source, CompiledDimension)
    known = member.source.granularities
    if name not in known:
        raise QueryError(f"'{name}' is not a granularity of '{member.name}'{suggest(name, known)}")
    return Column(f"{member.name}.{name}", member, known[name])


def _list_components(
    measures: tuple[Member, ...], having: tuple[Node, ...]
) -> list[tuple[str, Component]]:
    """Components of the measures that are shown or filtered by, each once, with their roots."""
    used = _list_used(measures, having)
    components: dict[str, tuple[str, Component]] = {}
    for member in used:
        if isinstance(member.source, CompiledMeasure):
            for name, component in member.source.components.items():
                components.setdefault(name, (member.root, component))
    return list(components.values())


def _list_used(measures: tuple[Member, ...], having: tuple[Node, ...]) -> tuple[Member, ...]:
    """Measures that are shown or filtered by."""
    return (*measures, *(c.member for node in having for c in list_conditions(node)))


def _name_components(measures: tuple[Member, ...], having: tuple[Node, ...]) -> dict[str, str]:
    """For each component, inner ones too, the first measure of the query that asks for it."""
    names: dict[str, str] = {}

    def add(source: CompiledMeasure, name: str) -> None:
        for component in source.components.values():
            names.setdefault(component.name, name)
            if isinstance(component, NestedAggregate):
                add(component.base, name)

    for member in _list_used(measures, having):
        if isinstance(member.source, CompiledMeasure):
            add(member.source, member.name)
    return names


def _is_aggregate(condition: Condition) -> bool:
    """Whether a condition is on values of groups, not of rows."""
    return condition.member.kind == "measure" and condition.operator != "measureFilter"


def _flatten(nodes: Iterable[Node]) -> Iterator[Node]:
    """Conditions that must all hold, without ``and`` groups at the top."""
    for node in nodes:
        if isinstance(node, Group) and node.kind == "and":
            yield from _flatten(node.items)
        else:
            yield node


def _order_key(name: str, columns: tuple[Column, ...], measures: tuple[Member, ...]) -> str:
    keys = [column.name for column in columns] + [member.name for member in measures]
    if name in keys:
        return name
    for column in columns:
        if column.granularity and column.member.name == name:
            return column.name
    raise QueryError(f"cannot order by '{name}', which the query does not select")


def _default_order(
    columns: tuple[Column, ...], measures: tuple[Member, ...]
) -> list[tuple[str, bool]]:
    """First time dimension; else first measure, largest first; else first dimension."""
    for column in columns:
        if column.granularity:
            return [(column.name, False)]
    if measures and columns:
        return [(measures[0].name, True)]
    return [(columns[0].name, False)] if columns else []


def _check_ungrouped(plan: Plan) -> None:
    """Rows are shown one by one only where one table of rows gives every value."""
    if not plan.ungrouped:
        return
    if plan.having:
        raise QueryError("an ungrouped query has no groups for a filter on a measure")
    if not plan.body.is_plain or plan.body.sources[0].stages or plan.body.sources[0].shifts:
        raise QueryError(
            "an ungrouped query takes measures of one fact, without balances, rolling windows, "
            "time shifts, ranks or shares"
        )
