"""Which facts a query needs, and which cubes each of them is read through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cube.compiler.compiled import (
    Member,
)
from cube.compiler.expression import MemberId
from cube.compiler.filters import Node, list_conditions
from cube.compiler.joins import JoinStep, Tree, is_multiplied
from cube.compiler.measures import (
    Aggregate,
    Component,
    MultiStageStep,
    NestedAggregate,
    Window,
)
from cube.compiler.policy import HIDDEN
from cube.errors import QueryError
from cube.planner.fact_time import FactTime
from cube.planner.plan import Body, Column, MultiStagePlan, NestedSource, Rolling, Source
from cube.planner.resolver import Resolver
from cube.query.dates import DateRange

_UNMOVED_BY_REPEATS = ("min", "max", "count_distinct", "count_distinct_approx")


@dataclass(frozen=True)
class _Fit:
    """A tree with the joins that columns, filters and some aggregates need."""

    tree: Tree
    joins: tuple[JoinStep, ...]

    @property
    def cubes(self) -> frozenset[str]:
        """The root and every joined cube."""
        return frozenset({self.tree.root}.union(step.cube for step in self.joins))


class Facts:
    """Divides the components of a query into sources."""

    def __init__(
        self,
        resolver: Resolver,
        columns: tuple[Column, ...],
        where: tuple[Node, ...],
        rolled: dict[str, tuple[Member, DateRange | None]],
        names: Mapping[str, str],
    ) -> None:
        self._resolver = resolver
        self._columns = columns
        self._where = where
        self._names = names
        self._time = FactTime(resolver, where, rolled, names)

    def body(
        self, columns: tuple[Column, ...], components: Iterable[tuple[str, Component]]
    ) -> Body:
        """Sources of the components, each with its root. Without components, rows of one root."""
        listed = list(components)
        aggregates = [
            (root, component) for root, component in listed if isinstance(component, Aggregate)
        ]
        nested = [
            (root, component)
            for root, component in listed
            if isinstance(component, NestedAggregate)
        ]
        windows = [component for _, component in listed if isinstance(component, Window)]
        sources = self._sources(columns, aggregates)
        if not sources and not nested:
            sources = [self._without_aggregates(columns)]
        inner = tuple(
            self._nested(columns, component, root, f"nested_{position}")
            for position, (root, component) in enumerate(nested)
        )
        return Body(columns, tuple(sources), inner, tuple(dict.fromkeys(windows)))

    def _nested(
        self, columns: tuple[Column, ...], component: NestedAggregate, root: str, name: str
    ) -> NestedSource:
        known = {column.id for column in columns if column.granularity is None}
        added = tuple(
            Column(f"@{'.'.join(id_)}", self._resolver.dimension(id_))
            for id_ in component.include
            if id_ not in known
        )
        components = [(root, inner) for inner in component.base.components.values()]
        return NestedSource(name, component, self.body(columns + added, components))

    def _sources(
        self, columns: tuple[Column, ...], aggregates: list[tuple[str, Aggregate]]
    ) -> list[Source]:
        sources: list[Source] = []
        for root, aggregate in aggregates:
            for position, source in enumerate(sources):
                grown = self._grow(source, root, columns, aggregate)
                if grown is not None:
                    sources[position] = grown
                    break
            else:
                sources.append(self._start(f"source_{len(sources)}", root, columns, aggregate))
        return [self._add_stages(source, columns) for source in sources]

    def _start(
        self, name: str, root: str, columns: tuple[Column, ...], aggregate: Aggregate
    ) -> Source:
        rolling = self._time.roll(aggregate, columns)
        shifts = self._time.move(aggregate, columns)
        read = _read_columns(columns, rolling)
        fit, where = self._guard(
            self._root_of(root, aggregate), read, self._time.keep(rolling), [aggregate]
        )
        repeated = _is_sensitive(aggregate) and is_multiplied(aggregate.cube, fit.joins)
        key = self._resolver.model.cubes[aggregate.cube].primary_key if repeated else ()
        return Source(
            name,
            fit.tree.root,
            fit.tree.table,
            fit.joins,
            where,
            (aggregate,),
            distinct=key,
            shifts=shifts,
            rolling=rolling,
        )

    def _grow(
        self, source: Source, root: str, columns: tuple[Column, ...], aggregate: Aggregate
    ) -> Source | None:
        """The source with one more aggregate, if the same rows serve both."""
        first = source.aggregates[0]
        same = (aggregate.shifts, aggregate.frame) == (first.shifts, first.frame)
        if not same or self._root_of(root, aggregate) != source.root:
            return None
        if (source.distinct or source.shifts) and aggregate.cube != first.cube:
            return None
        aggregates = (*source.aggregates, aggregate)
        read = _read_columns(columns, source.rolling)
        fit, where = self._guard(source.root, read, self._time.keep(source.rolling), aggregates)
        if where != source.where:
            return None
        if not source.distinct and any(
            _is_sensitive(item) and is_multiplied(item.cube, fit.joins) for item in aggregates
        ):
            return None
        return replace(source, joins=fit.joins, aggregates=aggregates)

    def _without_aggregates(self, columns: tuple[Column, ...]) -> Source:
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

    def _root_of(self, root: str, aggregate: Aggregate) -> str:
        reached = any(tree.reaches(aggregate.cubes) for tree in self._resolver.trees(root))
        return root if reached else aggregate.cube

    def _fit(
        self,
        root: str,
        columns: tuple[Column, ...],
        where: tuple[Node, ...],
        aggregates: Iterable[Aggregate],
    ) -> _Fit:
        """The first tree of the root that has every member, and the joins needed from it."""
        needed = _needed_cubes(columns, where) | frozenset().union(*(x.cubes for x in aggregates))
        for tree in self._resolver.trees(root):
            if tree.reaches(needed):
                return _Fit(tree, tree.select(needed))
        raise QueryError(self._explain_unreached(root, columns, where, aggregates))

    def _guard(
        self,
        root: str,
        columns: tuple[Column, ...],
        where: tuple[Node, ...],
        aggregates: Iterable[Aggregate],
    ) -> tuple[_Fit, tuple[Node, ...]]:
        """The joins of a source, and its filters with the row rules of every cube that it reads.

        A rule may itself need a join, and the joined cube have a rule of its own.
        """
        measured = frozenset(aggregate.cube for aggregate in aggregates)
        rules: tuple[Node, ...] = ()
        while True:
            fit = self._fit(root, columns, where + rules, aggregates)
            found = self._resolver.access.select_rules(fit.cubes, measured)
            if found == rules:
                return fit, where + rules
            rules = found

    def _explain_unreached(
        self,
        root: str,
        columns: tuple[Column, ...],
        where: tuple[Node, ...],
        aggregates: Iterable[Aggregate],
    ) -> str:
        """Why, by the names that the user knows: cubes are private."""
        members = [column.member for column in columns]
        members += [condition.member for node in where for condition in list_conditions(node)]
        counted = dict.fromkeys(f"'{self._names[aggregate.name]}'" for aggregate in aggregates)
        what = " and ".join(counted) or "any measure"
        for member in (m for m in members if not m.name.startswith(HIDDEN)):
            if not any(tree.reaches(_cubes(member)) for tree in self._resolver.trees(root)):
                return (
                    f"'{member.name}' does not describe the rows that {what} counts; group and "
                    "filter by members that all measures of the query share"
                )
        return f"the members of the query cannot be combined with {what}"

    def _add_stages(self, source: Source, columns: tuple[Column, ...]) -> Source:
        stages = dict.fromkeys(
            stage for aggregate in source.aggregates for stage in aggregate.stages
        )
        plans = tuple(self._stage(source, stage, columns) for stage in stages)
        return replace(source, stages=plans)

    def _stage(
        self, source: Source, stage: MultiStageStep, columns: tuple[Column, ...]
    ) -> MultiStagePlan:
        kept = tuple(column for column in columns if column.id in stage.keep_only)
        filters = tuple(node for node in source.where if _concerns(node, stage.keep_only))
        needed = _needed_cubes(kept, filters) | stage.cubes
        tree = next(t for t in self._resolver.trees(source.root) if t.reaches(needed))
        return MultiStagePlan(stage, kept, filters, tree.select(needed))


def _is_sensitive(aggregate: Aggregate) -> bool:
    return aggregate.kind not in _UNMOVED_BY_REPEATS


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
