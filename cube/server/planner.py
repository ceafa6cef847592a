"""The planner: resolves names against the model, types values, divides a query into sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from cube.server.access import Access
from cube.server.compiled import (
    CompiledDimension,
    CompiledView,
    Kind,
    Member,
)
from cube.server.dates import DateRange, parse_range
from cube.server.errors import QueryError, suggest
from cube.server.expression import MemberId
from cube.server.joins import JoinStep, Tree, is_multiplied
from cube.server.measures import (
    CompiledMeasure,
    Leaf,
    Nested,
    Part,
    Stage,
    Window,
)
from cube.server.model import Model
from cube.server.plan import (
    SEGMENT,
    Body,
    Column,
    Condition,
    Group,
    NestedSource,
    Node,
    Plan,
    Rolling,
    Source,
    StagePlan,
    is_moved,
    list_conditions,
)
from cube.server.policy import HIDDEN
from cube.server.query import DEFAULT_LIMIT, MAXIMUM_LIMIT, And, Filter, FilterItem, Query
from cube.server.values import type_values

_UNMOVED_BY_REPEATS = ("min", "max", "count_distinct", "count_distinct_approx")


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
        self._resolver = _Resolver(model, access)

    def plan(self) -> Plan:
        query = self._query
        columns = self._columns()
        measures = tuple(self._member(name, "measure") for name in query.measures)
        segments = tuple(self._member(name, "segment") for name in query.segments)
        ranges = self._ranges()
        where, having = self._filters(ranges, segments)
        parts = _list_parts(measures, having)
        facts = _Facts(self._resolver, columns, where, self._rolled(columns, ranges))
        body = facts.body(columns, parts)
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
        return self._resolver.member(name, kind)

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


class _Resolver:
    """Finds members by name and trees of joins by root, in the views that a query names."""

    def __init__(self, model: Model, access: Access) -> None:
        self.model = model
        self.access = access
        self.views: dict[str, CompiledView] = {}

    def member(self, name: str, kind: Kind | None = None) -> Member:
        """Member by full name.

        Raises:
            QueryError: no such member, or one of another kind.
        """
        view = self.access.views.get(name.split(".", maxsplit=1)[0])
        if view is None or not view.definition.public or name not in view.members:
            raise QueryError(f"'{name}' is not a member{suggest(name, self._known(view, kind))}")
        self.views[view.definition.name] = view
        member = view.members[name]
        if kind is not None and member.kind != kind:
            raise QueryError(f"'{name}' is a {member.kind}, not a {kind}")
        return member

    def trees(self, root: str) -> Iterator[Tree]:
        """Trees of a root in the views of the query, then its own."""
        for view in self.views.values():
            if root in view.trees:
                yield view.trees[root]
        yield self.model.joins.tree(root)

    def roots(self) -> list[str]:
        """Roots of the views of the query, facts first."""
        views = self.views.values()
        roots = [root for view in views for root in (*view.facts, *view.trees)]
        return list(dict.fromkeys(roots))

    def dimension(self, id_: MemberId) -> Member:
        """A dimension that no view needs to show, for a finer grain."""
        source = self.model.cubes[id_[0]].dimensions[id_[1]]
        name = ".".join(id_)
        return Member(f"{HIDDEN}{name}", source, id_[0], name, None, None, {})

    def is_calendar(self, member: Member) -> bool:
        """Whether the member describes days of a calendar, and is not the day itself."""
        cube = self.model.cubes[member.source.id[0]]
        keys = [d for d in cube.dimensions.values() if d.definition.primary_key]
        return member.type != "time" and all(key.definition.type == "time" for key in keys)

    def _known(self, view: CompiledView | None, kind: Kind | None) -> list[str]:
        views = [view] if view is not None else self.access.views.values()
        return [m.name for v in views for m in v.members.values() if kind in (None, m.kind)]


@dataclass(frozen=True)
class _Fit:
    """A tree with the joins that columns, filters and some leaves need."""

    tree: Tree
    joins: tuple[JoinStep, ...]

    @property
    def cubes(self) -> frozenset[str]:
        """The root and every joined cube."""
        return frozenset({self.tree.root}.union(step.cube for step in self.joins))


class _Facts:
    """Divides the parts of a query into sources."""

    def __init__(
        self,
        resolver: _Resolver,
        columns: tuple[Column, ...],
        where: tuple[Node, ...],
        rolled: dict[str, tuple[Member, DateRange | None]],
    ) -> None:
        self._resolver = resolver
        self._columns = columns
        self._where = where
        self._rolled = rolled

    def body(self, columns: tuple[Column, ...], parts: Iterable[tuple[str, Part]]) -> Body:
        """Sources of the parts, each with the root it hangs on. Without parts, rows of one root."""
        listed = list(parts)
        leaves = [(root, part) for root, part in listed if isinstance(part, Leaf)]
        nested = [(root, part) for root, part in listed if isinstance(part, Nested)]
        windows = [part for _, part in listed if isinstance(part, Window)]
        sources = self._sources(columns, leaves)
        if not sources and not nested:
            sources = [self._without_leaves(columns)]
        inner = tuple(
            self._nested(columns, part, root, f"nested_{position}")
            for position, (root, part) in enumerate(nested)
        )
        return Body(columns, tuple(sources), inner, tuple(dict.fromkeys(windows)))

    def _nested(
        self, columns: tuple[Column, ...], part: Nested, root: str, name: str
    ) -> NestedSource:
        known = {column.id for column in columns if column.granularity is None}
        added = tuple(
            Column(f"@{'.'.join(id_)}", self._resolver.dimension(id_))
            for id_ in part.include
            if id_ not in known
        )
        parts = [(root, inner) for inner in part.base.parts.values()]
        return NestedSource(name, part, self.body(columns + added, parts))

    def _sources(self, columns: tuple[Column, ...], leaves: list[tuple[str, Leaf]]) -> list[Source]:
        sources: list[Source] = []
        for root, leaf in leaves:
            for position, source in enumerate(sources):
                grown = self._grow(source, root, columns, leaf)
                if grown is not None:
                    sources[position] = grown
                    break
            else:
                sources.append(self._start(f"source_{len(sources)}", root, columns, leaf))
        return [self._add_stages(source, columns) for source in sources]

    def _start(self, name: str, root: str, columns: tuple[Column, ...], leaf: Leaf) -> Source:
        rolling = self._rolling(leaf, columns)
        self._check_shift(leaf, columns)
        read = _read_columns(columns, rolling)
        fit, where = self._guard(self._root_of(root, leaf), read, self._kept(rolling), [leaf])
        repeated = _is_sensitive(leaf) and is_multiplied(leaf.cube, fit.joins)
        key = self._resolver.model.cubes[leaf.cube].primary_key if repeated else ()
        return Source(
            name,
            fit.tree.root,
            fit.tree.table,
            fit.joins,
            where,
            (leaf,),
            distinct=key,
            shifts=leaf.shifts,
            rolling=rolling,
        )

    def _grow(
        self, source: Source, root: str, columns: tuple[Column, ...], leaf: Leaf
    ) -> Source | None:
        """The source with one more leaf, if the same rows serve both."""
        first = source.leaves[0]
        same = (leaf.shifts, leaf.frame) == (first.shifts, first.frame)
        if not same or self._root_of(root, leaf) != source.root:
            return None
        if source.distinct and leaf.cube != first.cube:
            return None
        leaves = (*source.leaves, leaf)
        read = _read_columns(columns, source.rolling)
        fit, where = self._guard(source.root, read, self._kept(source.rolling), leaves)
        if where != source.where:
            return None
        if not source.distinct and any(
            _is_sensitive(item) and is_multiplied(item.cube, fit.joins) for item in leaves
        ):
            return None
        return replace(source, joins=fit.joins, leaves=leaves)

    def _without_leaves(self, columns: tuple[Column, ...]) -> Source:
        """Rows of the root that reaches every member of a query without measures."""
        members = [column.member for column in columns]
        roots = dict.fromkeys([*(member.root for member in members), *self._resolver.roots()])
        for root in filter(self._may_list, roots):
            try:
                fit, where = self._guard(root, columns, self._where, ())
            except QueryError:
                continue
            return Source("source_0", root, fit.tree.table, fit.joins, where, ())
        names = " and ".join(member.name for member in members)
        raise QueryError(f"nothing joins {names}; add a measure that they describe")

    def _may_list(self, root: str) -> bool:
        return self._resolver.access.may_list(root, self._resolver.roots())

    def _root_of(self, root: str, leaf: Leaf) -> str:
        reached = any(tree.reaches(leaf.cubes) for tree in self._resolver.trees(root))
        return root if reached else leaf.cube

    def _fit(
        self,
        root: str,
        columns: tuple[Column, ...],
        where: tuple[Node, ...],
        leaves: Iterable[Leaf],
    ) -> _Fit:
        """The first tree of the root that has every member, and the joins needed from it."""
        needed = _needed_cubes(columns, where) | frozenset().union(*(x.cubes for x in leaves))
        for tree in self._resolver.trees(root):
            if tree.reaches(needed):
                return _Fit(tree, tree.select(needed))
        raise QueryError(self._explain_unreached(root, columns, where))

    def _guard(
        self,
        root: str,
        columns: tuple[Column, ...],
        where: tuple[Node, ...],
        leaves: Iterable[Leaf],
    ) -> tuple[_Fit, tuple[Node, ...]]:
        """The joins of a source, and its filters with the row rules of every cube that it reads.

        A rule may itself need a join, and the joined cube bring a rule of its own.
        """
        measured = frozenset(leaf.cube for leaf in leaves)
        rules: tuple[Node, ...] = ()
        while True:
            fit = self._fit(root, columns, where + rules, leaves)
            found = self._resolver.access.select_rules(fit.cubes, measured)
            if found == rules:
                return fit, where + rules
            rules = found

    def _explain_unreached(
        self, root: str, columns: tuple[Column, ...], where: tuple[Node, ...]
    ) -> str:
        members = [column.member for column in columns]
        members += [condition.member for node in where for condition in list_conditions(node)]
        title = self._resolver.model.cubes[root].definition.title or root
        for member in (m for m in members if not m.name.startswith(HIDDEN)):
            if not any(tree.reaches(_cubes(member)) for tree in self._resolver.trees(root)):
                return (
                    f"'{member.name}' does not describe the rows of '{title}'; group and filter "
                    "by members that all measures of the query share"
                )
        return f"the members of the query cannot be combined with '{title}'"

    def _kept(self, rolling: Rolling | None) -> tuple[Node, ...]:
        """Filters of a source. A rolling window looks beyond the range of its time member."""
        if rolling is None:
            return self._where
        return tuple(
            node
            for node in self._where
            if not (
                isinstance(node, Condition)
                and node.operator == "inDateRange"
                and node.member.name == rolling.member.name
                and node.values == rolling.bounds
            )
        )

    def _rolling(self, leaf: Leaf, columns: tuple[Column, ...]) -> Rolling | None:
        if leaf.frame is None:
            return None
        what = f"the rolling window of '{leaf.name.replace('__', '.')}'"
        if len(self._rolled) != 1:
            raise QueryError(f"{what} needs one time dimension with a dateRange")
        ((member, bounds),) = self._rolled.values()
        if bounds is None:
            raise QueryError(f"{what} needs a dateRange at '{member.name}'")
        times = [column for column in columns if column.member.name == member.name]
        if len(times) > 1 or any(column.granularity is None for column in times):
            raise QueryError(f"{what} takes one granularity of '{member.name}' at a time")
        if times and times[0].granularity is not None:
            seconds = (bounds[1] - bounds[0]).total_seconds()
            if seconds / times[0].granularity.interval.approximate_seconds > MAXIMUM_LIMIT:
                raise QueryError(f"{what} would have more than {MAXIMUM_LIMIT} periods")
        return Rolling(leaf.frame, member, times[0] if times else None, bounds)

    def _check_shift(self, leaf: Leaf, columns: tuple[Column, ...]) -> None:
        """A shift needs a time to move, and cannot move the days of a calendar."""
        if not leaf.shifts:
            return
        members = [column.member for column in columns]
        members += [c.member for node in self._where for c in list_conditions(node)]
        what = f"the time shift of '{leaf.name.split('__')[1]}'"
        for member in members:
            if self._resolver.is_calendar(member):
                raise QueryError(f"{what} cannot move '{member.name}'; use a time dimension")
        moved = [m for m in members if any(is_moved(m, shift) for shift in leaf.shifts)]
        if not moved:
            raise QueryError(f"{what} needs a time dimension in the query")

    def _add_stages(self, source: Source, columns: tuple[Column, ...]) -> Source:
        stages = dict.fromkeys(stage for leaf in source.leaves for stage in leaf.stages)
        plans = tuple(self._stage(source, stage, columns) for stage in stages)
        return replace(source, stages=plans)

    def _stage(self, source: Source, stage: Stage, columns: tuple[Column, ...]) -> StagePlan:
        kept = tuple(column for column in columns if column.id in stage.keep_only)
        filters = tuple(node for node in source.where if _concerns(node, stage.keep_only))
        needed = _needed_cubes(kept, filters) | stage.cubes
        tree = next(t for t in self._resolver.trees(source.root) if t.reaches(needed))
        return StagePlan(stage, kept, filters, tree.select(needed))


def _time_column(member: Member, name: str) -> Column:
    assert isinstance(member.source, CompiledDimension)
    known = member.source.granularities
    if name not in known:
        raise QueryError(f"'{name}' is not a granularity of '{member.name}'{suggest(name, known)}")
    return Column(f"{member.name}.{name}", member, known[name])


def _list_parts(measures: tuple[Member, ...], having: tuple[Node, ...]) -> list[tuple[str, Part]]:
    """Parts of the measures that are shown or filtered by, each once, with their roots."""
    used = (*measures, *(c.member for node in having for c in list_conditions(node)))
    parts: dict[str, tuple[str, Part]] = {}
    for member in used:
        if isinstance(member.source, CompiledMeasure):
            for name, part in member.source.parts.items():
                parts.setdefault(name, (member.root, part))
    return list(parts.values())


def _is_aggregate(condition: Condition) -> bool:
    """Whether a condition is on values of groups, not of rows."""
    return condition.member.kind == "measure" and condition.operator != "measureFilter"


def _is_sensitive(leaf: Leaf) -> bool:
    return leaf.kind not in _UNMOVED_BY_REPEATS


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


def _read_columns(columns: tuple[Column, ...], rolling: Rolling | None) -> tuple[Column, ...]:
    """Columns that the rows of a source need: a window reads its time even where no column does."""
    if rolling is None or rolling.column is not None:
        return columns
    return (*columns, Column(rolling.member.name, rolling.member))


def _cubes(member: Member) -> frozenset[str]:
    return member.source.cubes


def _needed_cubes(columns: Iterable[Column], nodes: Iterable[Node]) -> frozenset[str]:
    members = [column.member for column in columns]
    members += [condition.member for node in nodes for condition in list_conditions(node)]
    return frozenset().union(*map(_cubes, members))


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
