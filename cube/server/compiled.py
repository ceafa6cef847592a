"""Cubes and views with every reference resolved: what the planner and the SQL writer work on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from sqlglot import exp

from cube.server.definition import Cube, Dimension, Include, Measure, View, ViewCube
from cube.server.errors import ModelError, suggest
from cube.server.expression import (
    Expression,
    MemberId,
    Scope,
    find_cubes,
    parse_expression,
    substitute,
)
from cube.server.measures import CompiledMeasure, MeasureCompiler


@dataclass(frozen=True, eq=False)
class CompiledDimension:
    """A dimension; ``tree`` reads the columns of ``cubes`` only."""

    id: MemberId
    definition: Dimension
    tree: exp.Expr
    cubes: frozenset[str]


@dataclass(frozen=True, eq=False)
class CompiledCube:
    """A cube; ``joins`` maps the joined cube to the condition of the join."""

    definition: Cube
    joins: Mapping[str, exp.Expr]
    dimensions: Mapping[str, CompiledDimension]
    measures: Mapping[str, CompiledMeasure]


@dataclass(frozen=True, eq=False)
class Member:
    """A member as a view shows it; ``name`` is ``<view>.<member>``."""

    name: str
    source: CompiledDimension | CompiledMeasure
    title: str
    description: str | None
    format: str | None
    meta: Mapping[str, object]

    @property
    def kind(self) -> Literal["dimension", "measure"]:
        """Whether the member groups or aggregates."""
        return "dimension" if isinstance(self.source, CompiledDimension) else "measure"

    @property
    def type(self) -> str:
        """Type of the member's values: string, number, boolean or time."""
        if isinstance(self.source, CompiledDimension):
            return self.source.definition.type
        return self.source.value_type


@dataclass(frozen=True, eq=False)
class JoinStep:
    """LEFT JOIN of a table to one that comes earlier on the path."""

    cube: str
    parent: str
    table: str
    condition: exp.Expr


@dataclass(frozen=True, eq=False)
class CompiledView:
    """A view: its fact (``root``), the joins in order, the public members by full name."""

    definition: View
    root: str
    table: str
    joins: tuple[JoinStep, ...]
    members: Mapping[str, Member]


def compile_cube(cube: Cube, cubes: Mapping[str, Cube]) -> CompiledCube:
    """Resolve joins, dimensions and measures of one cube against all cubes of the model."""
    _check_unique(cube)
    trees = {
        (owner.name, dimension.name): _dimension_tree(owner, dimension, cubes)
        for owner in cubes.values()
        for dimension in owner.dimensions
    }
    dimensions = {
        dimension.name: CompiledDimension(
            (cube.name, dimension.name), dimension, tree, find_cubes(tree)
        )
        for dimension in cube.dimensions
        for tree in [trees[(cube.name, dimension.name)]]
    }
    compiler = MeasureCompiler(cube, _scope(cube, cubes), trees)
    return CompiledCube(cube, _compile_joins(cube, cubes), dimensions, compiler.compile())


def compile_view(view: View, cubes: Mapping[str, CompiledCube]) -> CompiledView:
    """Resolve the join paths and members of one view.

    Raises:
        ModelError: two facts, an unknown cube or member, a name used twice, or measures of a
            joined cube, which the join would multiply.
    """
    root = view.cubes[0].join_path.split(".")[0]
    if root not in cubes:
        raise ModelError(f"{view.name}: no cube '{root}'{suggest(root, cubes)}")
    joins = _compile_paths(view, root, cubes)
    members: dict[str, Member] = {}
    for entry in view.cubes:
        for member in _include_members(view, entry, root, cubes):
            if member.name in members:
                raise ModelError(f"{view.name}: two members are called '{member.name}'")
            members[member.name] = member
    return CompiledView(view, root, cubes[root].definition.sql_table, joins, members)


def _check_unique(cube: Cube) -> None:
    names = [member.name for member in (*cube.dimensions, *cube.measures)]
    for name in names:
        if names.count(name) > 1:
            raise ModelError(f"{cube.name}: two members are called '{name}'")
    if not any(dimension.primary_key for dimension in cube.dimensions):
        raise ModelError(f"{cube.name}: no dimension is marked primary_key")


def _scope(cube: Cube, cubes: Mapping[str, Cube]) -> Scope:
    members = {
        other.name: [member.name for member in (*other.dimensions, *other.measures)]
        for other in cubes.values()
    }
    return Scope(cube.name, members)


def _dimension_tree(cube: Cube, dimension: Dimension, cubes: Mapping[str, Cube]) -> exp.Expr:
    where = f"{cube.name}.dimensions.{dimension.name}.sql"
    expression = _parse(where, dimension.sql, _scope(cube, cubes))
    inner = {}
    for owner, name in expression.members:
        found = next((d for d in cubes[owner].dimensions if d.name == name), None)
        if found is None or found.name == dimension.name:
            raise ModelError(f"{where}: a dimension refers to other dimensions only")
        inner[(owner, name)] = _dimension_tree(cubes[owner], found, cubes)
    return substitute(expression.tree, inner)


def _compile_joins(cube: Cube, cubes: Mapping[str, Cube]) -> dict[str, exp.Expr]:
    joins = {}
    for join in cube.joins:
        where = f"{cube.name}.joins.{join.name}"
        if join.name not in cubes:
            raise ModelError(f"{where}: no such cube{suggest(join.name, cubes)}")
        expression = _parse(f"{where}.sql", join.sql, _scope(cube, cubes))
        if expression.members or not expression.cubes <= {cube.name, join.name}:
            raise ModelError(f"{where}.sql: a join names columns of {cube.name} and {join.name}")
        joins[join.name] = expression.tree
    return joins


def _parse(where: str, sql: str, scope: Scope) -> Expression:
    try:
        return parse_expression(sql, scope)
    except ModelError as error:
        raise ModelError(f"{where}: {error.problem}", error.remedy) from error


def _compile_paths(
    view: View, root: str, cubes: Mapping[str, CompiledCube]
) -> tuple[JoinStep, ...]:
    """Joins of the declared paths, then the other direct joins of the fact for its measures."""
    steps: dict[str, JoinStep] = {}
    for entry in view.cubes:
        path = entry.join_path.split(".")
        if path[0] != root:
            raise ModelError(f"{view.name}: {entry.join_path} does not start at the fact '{root}'")
        for parent, cube in pairwise(path):
            _add_step(steps, view, parent, cube, cubes)
    for cube in cubes[root].joins:
        if cube not in steps:
            _add_step(steps, view, root, cube, cubes)
    return tuple(steps.values())


def _add_step(
    steps: dict[str, JoinStep],
    view: View,
    parent: str,
    cube: str,
    cubes: Mapping[str, CompiledCube],
) -> None:
    if cube not in cubes[parent].joins:
        known = cubes[parent].joins
        raise ModelError(f"{view.name}: '{parent}' has no join to '{cube}'{suggest(cube, known)}")
    if cube in steps and steps[cube].parent != parent:
        raise ModelError(f"{view.name}: '{cube}' is reached by two paths")
    table = cubes[cube].definition.sql_table
    steps[cube] = JoinStep(cube, parent, table, cubes[parent].joins[cube])


def _include_members(
    view: View, entry: ViewCube, root: str, cubes: Mapping[str, CompiledCube]
) -> Iterator[Member]:
    cube = cubes[entry.join_path.split(".")[-1]]
    sources: dict[str, CompiledDimension | CompiledMeasure] = {**cube.dimensions, **cube.measures}
    prefix = f"{entry.alias or cube.definition.name}_" if entry.prefix else ""
    for include in _list_includes(view, entry, sources):
        source = sources[include.name]
        if isinstance(source, CompiledMeasure) and cube.definition.name != root:
            raise ModelError(
                f"{view.name}: the measure '{include.name}' of a joined cube would be multiplied"
            )
        if source.definition.public:
            yield _show(f"{view.name}.{prefix}{include.alias or include.name}", source, include)


def _list_includes(
    view: View, entry: ViewCube, sources: Mapping[str, CompiledDimension | CompiledMeasure]
) -> list[Include]:
    if entry.includes == "*":
        includes = [Include(name=name) for name in sources]
    else:
        includes = [i if isinstance(i, Include) else Include(name=i) for i in entry.includes]
    for name in (*(include.name for include in includes), *entry.excludes):
        if name not in sources:
            raise ModelError(
                f"{view.name}: {entry.join_path} has no member '{name}'{suggest(name, sources)}"
            )
    return [include for include in includes if include.name not in entry.excludes]


def _show(name: str, source: CompiledDimension | CompiledMeasure, include: Include) -> Member:
    definition: Dimension | Measure = source.definition
    return Member(
        name=name,
        source=source,
        title=include.title
        or definition.title
        or name.split(".")[1].replace("_", " ").capitalize(),
        description=include.description or definition.description,
        format=include.format or definition.format,
        meta=definition.meta if include.meta is None else include.meta,
    )
