"""From a query to a plan: names resolved against the model, values typed, nothing executed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cube.server.compiled import CompiledView, JoinStep, Member
from cube.server.dates import GRANULARITIES, DateRange, Granularity, parse_range
from cube.server.errors import QueryError, suggest
from cube.server.expression import MemberId
from cube.server.measures import CompiledMeasure, Stage
from cube.server.model import Model
from cube.server.query import DEFAULT_LIMIT, And, Filter, FilterItem, Operator, Or, Query
from cube.server.values import Value, type_values


@dataclass(frozen=True)
class Column:
    """A member to group by; ``name`` is its key in the rows."""

    name: str
    member: Member
    granularity: Granularity | None = None


@dataclass(frozen=True)
class Condition:
    """A filter with typed values; ``with_null`` where the client listed null among them."""

    member: Member
    operator: Operator
    values: tuple[Value, ...]
    with_null: bool = False


@dataclass(frozen=True)
class Group:
    """Conditions joined by one word."""

    kind: Literal["and", "or"]
    items: tuple[Node, ...]


Node = Condition | Group


@dataclass(frozen=True)
class StagePlan:
    """A stage of a multi-stage measure: the columns it groups by, the filters it obeys."""

    stage: Stage
    columns: tuple[Column, ...]
    where: tuple[Node, ...]
    joins: tuple[JoinStep, ...]


@dataclass(frozen=True)
class Plan:
    """Everything the SQL writer needs; ``ranges`` belong to the query's time dimensions."""

    view: CompiledView
    joins: tuple[JoinStep, ...]
    stages: tuple[StagePlan, ...]
    columns: tuple[Column, ...]
    measures: tuple[Member, ...]
    where: tuple[Node, ...]
    having: tuple[Node, ...]
    order: tuple[tuple[str, bool], ...]
    limit: int
    offset: int
    total: bool
    ranges: tuple[DateRange | None, ...]


def plan_query(query: Query, model: Model, today: date) -> Plan:
    """Resolve a query.

    Args:
        query: as the client sent it.
        model: the compiled model.
        today: business date that relative ranges count from.

    Raises:
        QueryError: unknown member, operator or value that does not fit, members of two views.
    """
    return _Planner(query, model, today).plan()


class _Planner:
    def __init__(self, query: Query, model: Model, today: date) -> None:
        self._query = query
        self._model = model
        self._today = today
        self._view = self._find_view()

    def plan(self) -> Plan:
        columns = self._columns()
        measures = tuple(self._member(name, "measure") for name in self._query.measures)
        ranges = self._ranges()
        where, having = self._filters(ranges)
        stages = self._stages(columns, measures, where, having)
        needed = _needed_cubes(columns, (*where, *having), measures)
        return Plan(
            view=self._view,
            joins=_select_joins(self._view, needed),
            stages=stages,
            columns=columns,
            measures=measures,
            where=where,
            having=having,
            order=self._order(columns, measures),
            limit=self._query.limit or DEFAULT_LIMIT,
            offset=self._query.offset,
            total=self._query.total,
            ranges=ranges,
        )

    def _find_view(self) -> CompiledView:
        names = [_member_name(name) for name in _list_names(self._query)]
        views = list(dict.fromkeys(name.split(".")[0] for name in names))
        for name, view in ((name, name.split(".")[0]) for name in names):
            if view not in self._model.views or not self._model.views[view].definition.public:
                known = [m for v in self._model.views.values() for m in v.members]
                raise QueryError(f"'{name}' is not a member{suggest(name, known)}")
        if len(views) > 1:
            raise QueryError(
                f"members of {' and '.join(views)} cannot be combined in one query; "
                "send one query per view"
            )
        return self._model.views[views[0]]

    def _member(self, name: str, kind: Literal["dimension", "measure"] | None = None) -> Member:
        member = self._view.members.get(name)
        if member is None:
            known = [m.name for m in self._view.members.values() if kind in (None, m.kind)]
            raise QueryError(f"'{name}' is not a member{suggest(name, known)}")
        if kind is not None and member.kind != kind:
            raise QueryError(f"'{name}' is a {member.kind}, not a {kind}")
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
                name = f"{member.name}.{item.granularity}"
                columns.append(Column(name, member, item.granularity))
        return tuple(dict.fromkeys(columns))

    def _dimension_column(self, name: str) -> Column:
        if name.count(".") != 2:  # noqa: PLR2004 - view.member.granularity
            return Column(name, self._member(name, "dimension"))
        member_name, _, text = name.rpartition(".")
        granularity = next((unit for unit in GRANULARITIES if unit == text), None)
        if granularity is None:
            raise QueryError(f"'{text}' is not a granularity{suggest(text, GRANULARITIES)}")
        return Column(name, self._time_member(member_name), granularity)

    def _ranges(self) -> tuple[DateRange | None, ...]:
        return tuple(
            None if item.date_range is None else parse_range(item.date_range, self._today)
            for item in self._query.time_dimensions
        )

    def _filters(
        self, ranges: tuple[DateRange | None, ...]
    ) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        where: list[Node] = [
            Condition(self._time_member(item.dimension), "inDateRange", bounds)
            for item, bounds in zip(self._query.time_dimensions, ranges, strict=True)
            if bounds is not None
        ]
        having: list[Node] = []
        for node in _flatten(self._node(item) for item in self._query.filters):
            kinds = {condition.member.kind for condition in list_conditions(node)}
            if len(kinds) > 1:
                raise QueryError("an 'or' cannot mix measures and dimensions")
            (having if kinds == {"measure"} else where).append(node)
        return tuple(where), tuple(having)

    def _node(self, item: FilterItem) -> Node:
        if isinstance(item, Filter):
            return self._condition(item)
        kind: Literal["and", "or"] = "and" if isinstance(item, And) else "or"
        return Group(kind, tuple(self._node(inner) for inner in item.items))

    def _condition(self, item: Filter) -> Condition:
        member = self._member(item.member)
        values = type_values(item, member, self._today)
        return Condition(member, item.operator, values, None in item.values)

    def _stages(
        self,
        columns: tuple[Column, ...],
        measures: tuple[Member, ...],
        where: tuple[Node, ...],
        having: tuple[Node, ...],
    ) -> tuple[StagePlan, ...]:
        used = (*measures, *(c.member for node in having for c in list_conditions(node)))
        stages = dict.fromkeys(
            stage
            for member in used
            if isinstance(member.source, CompiledMeasure)
            for stage in member.source.stages
        )
        return tuple(self._stage(stage, columns, where) for stage in stages)

    def _stage(
        self, stage: Stage, columns: tuple[Column, ...], where: tuple[Node, ...]
    ) -> StagePlan:
        kept = tuple(column for column in columns if column.member.source.id in stage.keep_only)
        filters = tuple(node for node in where if _concerns(node, stage.keep_only))
        needed = _needed_cubes(kept, filters, ()) | stage.cubes
        return StagePlan(stage, kept, filters, _select_joins(self._view, needed))

    def _order(
        self, columns: tuple[Column, ...], measures: tuple[Member, ...]
    ) -> tuple[tuple[str, bool], ...]:
        """Keys of the rows, each with whether it descends. Ties are broken by the columns."""
        if self._query.order is None:
            chosen = _default_order(columns, measures)
        else:
            chosen = [
                (self._order_key(name, columns, measures), direction == "desc")
                for name, direction in self._query.order
            ]
        if not chosen:
            return ()
        order: dict[str, bool] = {}
        for name, descending in (*chosen, *((column.name, False) for column in columns)):
            order.setdefault(name, descending)
        return tuple(order.items())

    def _order_key(
        self, name: str, columns: tuple[Column, ...], measures: tuple[Member, ...]
    ) -> str:
        keys = [column.name for column in columns] + [member.name for member in measures]
        if name in keys:
            return name
        for column in columns:
            if column.granularity and column.member.name == name:
                return column.name
        raise QueryError(f"cannot order by '{name}', which the query does not select")


def list_conditions(node: Node) -> Iterator[Condition]:
    """Every condition of a filter tree."""
    if isinstance(node, Condition):
        yield node
    else:
        for item in node.items:
            yield from list_conditions(item)


def _flatten(nodes: Iterable[Node]) -> Iterator[Node]:
    """Conditions that must all hold, without ``and`` groups at the top."""
    for node in nodes:
        if isinstance(node, Group) and node.kind == "and":
            yield from _flatten(node.items)
        else:
            yield node


def _concerns(node: Node, keep_only: frozenset[MemberId]) -> bool:
    """Whether a filter restricts the period of a multi-stage measure."""
    inside = {condition.member.source.id in keep_only for condition in list_conditions(node)}
    if len(inside) > 1:
        names = ", ".join(condition.member.name for condition in list_conditions(node))
        raise QueryError(
            f"an 'or' over {names} mixes the period with other members, so the end of the period "
            "of a balance is not defined; filter the period on its own"
        )
    return inside == {True}


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


def _needed_cubes(
    columns: Iterable[Column], nodes: Iterable[Node], measures: Iterable[Member]
) -> frozenset[str]:
    members = [column.member for column in columns]
    members += [condition.member for node in nodes for condition in list_conditions(node)]
    members += measures
    return frozenset(cube for member in members for cube in member.source.cubes)


def _select_joins(view: CompiledView, needed: frozenset[str]) -> tuple[JoinStep, ...]:
    """Joins to the needed cubes and to those on the way, in the order of the view."""
    wanted = set(needed)
    for step in reversed(view.joins):
        if step.cube in wanted:
            wanted.add(step.parent)
    return tuple(step for step in view.joins if step.cube in wanted)


def _list_names(query: Query) -> list[str]:
    names = [*query.measures, *query.dimensions]
    names += [item.dimension for item in query.time_dimensions]
    names += [name for item in query.filters for name in _list_filter_names(item)]
    return names


def _list_filter_names(item: FilterItem) -> Iterator[str]:
    if isinstance(item, And | Or):
        for inner in item.items:
            yield from _list_filter_names(inner)
    else:
        yield item.member


def _member_name(name: str) -> str:
    return ".".join(name.split(".")[:2])
