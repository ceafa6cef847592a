"""Cubes and views with every reference resolved: what the planner and the SQL writer work on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from sqlglot import exp

from cube.server.definition import (
    Cube,
    Dimension,
    Folder,
    FolderPath,
    Hierarchy,
    Include,
    Measure,
    Segment,
    View,
    ViewCube,
)
from cube.server.errors import ModelError, suggest
from cube.server.expression import (
    Expression,
    MemberId,
    Scope,
    find_cubes,
    parse_expression,
    substitute,
)
from cube.server.granularity import STANDARD, Granularity, build_granularity
from cube.server.joins import Edge, JoinGraph, Tree
from cube.server.measures import CompiledMeasure, MeasureCompiler

Kind = Literal["dimension", "measure", "segment"]


@dataclass(frozen=True, eq=False)
class CompiledDimension:
    """A dimension; ``tree`` reads the columns of ``cubes`` only.

    ``mask`` stands in its place for those who may not see it; without one they see no value.
    """

    id: MemberId
    definition: Dimension
    tree: exp.Expr
    cubes: frozenset[str]
    granularities: Mapping[str, Granularity]
    mask: exp.Expr | None = None

    @property
    def is_day(self) -> bool:
        """Whether the values are calendar days, which no time zone moves."""
        return self.definition.meta.get("precision") == "day"


@dataclass(frozen=True, eq=False)
class CompiledSegment:
    """A named condition; ``tree`` reads the columns of ``cubes`` only."""

    id: MemberId
    definition: Segment
    tree: exp.Expr
    cubes: frozenset[str]


MemberSource = CompiledDimension | CompiledMeasure | CompiledSegment


@dataclass(frozen=True, eq=False)
class CompiledCube:
    """A cube; ``joins`` maps the joined cube to the condition of the join."""

    definition: Cube
    joins: Mapping[str, Edge]
    dimensions: Mapping[str, CompiledDimension]
    measures: Mapping[str, CompiledMeasure]
    segments: Mapping[str, CompiledSegment]

    @property
    def members(self) -> dict[str, MemberSource]:
        """Every member by name."""
        return {**self.dimensions, **self.measures, **self.segments}

    @cached_property
    def primary_key(self) -> tuple[exp.Expr, ...]:
        """Expressions that together name one row."""
        keys = [d for d in self.dimensions.values() if d.definition.primary_key]
        return tuple(key.tree for key in keys)


@dataclass(frozen=True, eq=False)
class Member:
    """A member as a view shows it: ``name`` is ``<view>.<member>``, its path starts at ``root``."""

    name: str
    source: MemberSource
    root: str
    title: str
    description: str | None
    format: str | None
    meta: Mapping[str, object]
    drill_members: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """Whether the member groups, aggregates or selects rows."""
        if isinstance(self.source, CompiledDimension):
            return "dimension"
        return "measure" if isinstance(self.source, CompiledMeasure) else "segment"

    @property
    def type(self) -> str:
        """Type of the member's values: string, number, boolean or time."""
        if isinstance(self.source, CompiledDimension):
            return self.source.definition.type
        return "boolean" if isinstance(self.source, CompiledSegment) else self.source.value_type


@dataclass(frozen=True, eq=False)
class CompiledHierarchy:
    """A hierarchy as a view shows it; ``levels`` are full names of members."""

    name: str
    definition: Hierarchy
    alias: str
    levels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class CompiledView:
    """A view: a tree of joins per root cube, the public members by full name."""

    definition: View
    trees: Mapping[str, Tree]
    members: Mapping[str, Member]
    hierarchies: tuple[CompiledHierarchy, ...]
    folders: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def facts(self) -> tuple[str, ...]:
        """Roots that bring measures, in the order of the view."""
        roots = {m.root for m in self.members.values() if m.kind == "measure"}
        return tuple(root for root in self.trees if root in roots)


class CubeCompiler:
    """Resolves joins, dimensions, measures and segments of each cube against all cubes."""

    def __init__(self, cubes: Mapping[str, Cube]) -> None:
        self._cubes = cubes
        self._names = {
            cube.name: [m.name for m in (*cube.dimensions, *cube.measures, *cube.segments)]
            for cube in cubes.values()
        }
        self._dimensions = {
            (cube.name, d.name): d for cube in cubes.values() for d in cube.dimensions
        }
        self._trees: dict[MemberId, exp.Expr] = {}
        self._measures = MeasureCompiler(cubes, self._names, _Lazy(self))

    def compile(self, cube: Cube) -> CompiledCube:
        """One cube.

        Raises:
            ModelError: names the member whose SQL or keys are wrong.
        """
        self._check(cube)
        return CompiledCube(
            cube,
            self._joins(cube),
            {d.name: self._dimension(cube, d) for d in cube.dimensions},
            self._measures.compile(cube.name),
            {s.name: self._segment(cube, s) for s in cube.segments},
        )

    def tree(self, id_: MemberId) -> exp.Expr:
        """Expression of a dimension over columns; references to other dimensions are resolved."""
        if id_ not in self._trees:
            where = f"{id_[0]}.dimensions.{id_[1]}.sql"
            expression = self._parse(where, self._dimensions[id_].sql, id_[0])
            for member in expression.members:
                if member not in self._dimensions or member == id_:
                    raise ModelError(f"{where}: a dimension refers to other dimensions only")
            inner = {member: self.tree(member) for member in expression.members}
            self._trees[id_] = substitute(expression.tree, inner)
        return self._trees[id_]

    def knows(self, id_: MemberId) -> bool:
        """Whether a member is a dimension."""
        return id_ in self._dimensions

    def ids(self) -> Iterable[MemberId]:
        """Every dimension."""
        return self._dimensions

    def _check(self, cube: Cube) -> None:
        names = self._names[cube.name]
        for name in names:
            if names.count(name) > 1:
                raise ModelError(f"{cube.name}: two members are called '{name}'")
        if not any(dimension.primary_key for dimension in cube.dimensions):
            raise ModelError(f"{cube.name}: no dimension is marked primary_key")
        for hierarchy in cube.hierarchies:
            for level in hierarchy.levels:
                if not self.knows((cube.name, level)):
                    where = f"{cube.name}.hierarchies.{hierarchy.name}"
                    raise ModelError(f"{where}: no dimension '{level}'{suggest(level, names)}")

    def _dimension(self, cube: Cube, dimension: Dimension) -> CompiledDimension:
        where = f"{cube.name}.dimensions.{dimension.name}"
        tree = self.tree((cube.name, dimension.name))
        if dimension.granularities and dimension.type != "time":
            raise ModelError(f"{where}: only a dimension of type time has granularities")
        try:
            custom = {item.name: build_granularity(item) for item in dimension.granularities}
        except ModelError as error:
            raise ModelError(f"{where}.granularities: {error.problem}") from error
        known = {**STANDARD, **custom} if dimension.type == "time" else {}
        return CompiledDimension(
            (cube.name, dimension.name),
            dimension,
            tree,
            find_cubes(tree),
            known,
            self._mask(cube, dimension),
        )

    def _mask(self, cube: Cube, dimension: Dimension) -> exp.Expr | None:
        """A mask reads columns of its own cube at most, so that it needs no join of its own."""
        if dimension.mask is None:
            return None
        where = f"{cube.name}.dimensions.{dimension.name}.mask.sql"
        expression = self._parse(where, dimension.mask.sql, cube.name)
        if expression.members or not find_cubes(expression.tree) <= {cube.name}:
            raise ModelError(f"{where}: a mask is a constant or reads columns of {cube.name}")
        return expression.tree

    def _segment(self, cube: Cube, segment: Segment) -> CompiledSegment:
        where = f"{cube.name}.segments.{segment.name}.sql"
        expression = self._parse(where, segment.sql, cube.name)
        if not all(self.knows(member) for member in expression.members):
            raise ModelError(f"{where}: a segment refers to dimensions only")
        tree = substitute(expression.tree, {id_: self.tree(id_) for id_ in expression.members})
        return CompiledSegment((cube.name, segment.name), segment, tree, find_cubes(tree))

    def _joins(self, cube: Cube) -> dict[str, Edge]:
        joins = {}
        for join in cube.joins:
            where = f"{cube.name}.joins.{join.name}"
            if join.name not in self._cubes:
                raise ModelError(f"{where}: no such cube{suggest(join.name, self._cubes)}")
            expression = self._parse(f"{where}.sql", join.sql, cube.name)
            if expression.members or not expression.cubes <= {cube.name, join.name}:
                raise ModelError(
                    f"{where}.sql: a join names columns of {cube.name} and {join.name}"
                )
            joins[join.name] = Edge(expression.tree, join.relationship)
        return joins

    def _parse(self, where: str, sql: str, cube: str) -> Expression:
        try:
            return parse_expression(sql, Scope(cube, self._names))
        except ModelError as error:
            raise ModelError(f"{where}: {error.problem}", error.remedy) from error


class _Lazy(Mapping[MemberId, exp.Expr]):
    """Trees of dimensions, compiled when they are asked for."""

    def __init__(self, compiler: CubeCompiler) -> None:
        self._compiler = compiler

    def __getitem__(self, id_: MemberId) -> exp.Expr:
        if not self._compiler.knows(id_):
            raise KeyError(id_)
        return self._compiler.tree(id_)

    def __contains__(self, id_: object) -> bool:
        return isinstance(id_, tuple) and self._compiler.knows(id_)

    def __iter__(self) -> Iterator[MemberId]:
        return iter(self._compiler.ids())

    def __len__(self) -> int:
        return len(list(self._compiler.ids()))


class ViewCompiler:
    """Resolves the join paths and members of views."""

    def __init__(self, cubes: Mapping[str, CompiledCube], graph: JoinGraph) -> None:
        self._cubes = cubes
        self._graph = graph

    def compile(self, view: View) -> CompiledView:
        """One view.

        Raises:
            ModelError: an unknown cube, join or member, or a name used twice.
        """
        try:
            trees = self._trees(view)
        except ModelError as error:
            raise ModelError(f"{view.name}: {error.problem}") from error
        members: dict[str, Member] = {}
        paths: dict[str, list[str]] = {}
        for entry in view.cubes:
            for member in self._members(view, entry):
                if member.name in members:
                    raise ModelError(f"{view.name}: two members are called '{member.name}'")
                members[member.name] = member
                paths.setdefault(entry.join_path, []).append(member.name)
        members = _add_drill_members(members)
        hierarchies = tuple(self._hierarchies(view, members, paths))
        folders = tuple(_flatten_folders(view, view.folders, members, paths))
        return CompiledView(view, trees, members, hierarchies, folders)

    def _trees(self, view: View) -> dict[str, Tree]:
        paths: dict[str, list[list[str]]] = {}
        for entry in view.cubes:
            path = entry.join_path.split(".")
            for cube in path:
                if cube not in self._cubes:
                    raise ModelError(f"no cube '{cube}'{suggest(cube, self._cubes)}")
            paths.setdefault(path[0], []).append(path)
        return {root: self._graph.tree(root, found) for root, found in paths.items()}

    def _members(self, view: View, entry: ViewCube) -> Iterator[Member]:
        path = entry.join_path.split(".")
        cube = self._cubes[path[-1]]
        prefix = f"{entry.alias or cube.definition.name}_" if entry.prefix else ""
        for include in self._includes(view, entry, cube):
            source = cube.members[include.name]
            if source.definition.public:
                name = f"{view.name}.{prefix}{include.alias or include.name}"
                yield _show(name, source, path[0], include)

    def _includes(self, view: View, entry: ViewCube, cube: CompiledCube) -> list[Include]:
        known = cube.members
        hierarchies = {h.name: h for h in cube.definition.hierarchies}
        if entry.includes == "*":
            includes = [Include(name=name) for name in known]
        else:
            includes = [i if isinstance(i, Include) else Include(name=i) for i in entry.includes]
        listed = {include.name for include in includes}
        for include in [i for i in includes if i.name in hierarchies]:
            includes.remove(include)
            levels = [n for n in hierarchies[include.name].levels if n not in listed]
            includes += [Include(name=name) for name in levels]
        private = [measure.name for measure in cube.definition.measures]
        for name in (*(include.name for include in includes), *entry.excludes):
            if name not in known and not (name in entry.excludes and name in private):
                raise ModelError(
                    f"{view.name}: {entry.join_path} has no member '{name}'{suggest(name, known)}"
                )
        return [include for include in includes if include.name not in entry.excludes]

    def _hierarchies(
        self, view: View, members: Mapping[str, Member], paths: dict[str, list[str]]
    ) -> Iterator[CompiledHierarchy]:
        """Hierarchies that an entry includes by ``*`` or by name, cut to the levels it shows.

        They belong to the folder of their join path too.
        """
        shown = {member.source.id: name for name, member in members.items()}
        for entry in view.cubes:
            cube = self._cubes[entry.join_path.split(".")[-1]].definition
            names = [i.name if isinstance(i, Include) else i for i in entry.includes]
            prefix = f"{entry.alias or cube.name}_" if entry.prefix else ""
            for hierarchy in cube.hierarchies:
                if entry.includes != "*" and hierarchy.name not in names:
                    continue
                ids = [(cube.name, level) for level in hierarchy.levels]
                levels = tuple(shown[id_] for id_ in ids if id_ in shown)
                if levels:
                    name = f"{view.name}.{prefix}{hierarchy.name}"
                    alias = f"{cube.name}.{hierarchy.name}"
                    paths[entry.join_path].append(name)
                    yield CompiledHierarchy(name, hierarchy, alias, levels)


def _add_drill_members(members: dict[str, Member]) -> dict[str, Member]:
    """Each measure with those of its drill members that the view shows."""
    shown = {member.source.id: name for name, member in members.items()}
    return {
        name: replace(member, drill_members=_drill(member, shown))
        for name, member in members.items()
    }


def _drill(member: Member, shown: Mapping[MemberId, str]) -> tuple[str, ...]:
    if not isinstance(member.source, CompiledMeasure):
        return ()
    paths = [path.split(".") for path in member.source.definition.drill_members]
    own = member.source.id[0]
    ids = [(path[-2] if len(path) > 1 else own, path[-1]) for path in paths]
    return tuple(shown[id_] for id_ in ids if id_ in shown)


def _flatten_folders(
    view: View,
    folders: Iterable[Folder],
    members: Mapping[str, Member],
    paths: Mapping[str, list[str]],
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and members of each folder; those of nested folders count to the outer one too."""
    for folder in folders:
        names: list[str] = list(members) if folder.includes == "*" else []
        for item in () if folder.includes == "*" else folder.includes:
            if isinstance(item, FolderPath):
                names += paths.get(item.join_path, [])
            elif isinstance(item, Folder):
                for _, inner in _flatten_folders(view, [item], members, paths):
                    names += inner
            elif f"{view.name}.{item}" in members:
                names.append(f"{view.name}.{item}")
            else:
                known = [name.split(".")[1] for name in members]
                raise ModelError(
                    f"{view.name}.folders.{folder.name}: no member '{item}'{suggest(item, known)}"
                )
        yield folder.name, tuple(dict.fromkeys(names))


def _show(name: str, source: MemberSource, root: str, include: Include) -> Member:
    definition: Dimension | Measure | Segment = source.definition
    own_format = None if isinstance(definition, Segment) else definition.format
    return Member(
        name=name,
        source=source,
        root=root,
        title=include.title
        or definition.title
        or name.split(".")[1].replace("_", " ").capitalize(),
        description=include.description or definition.description,
        format=include.format or own_format,
        meta=definition.meta if include.meta is None else include.meta,
    )
