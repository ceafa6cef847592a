"""A cube of the model, compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp

from cube.compiler.compiled import CompiledCube, CompiledDimension, CompiledSegment
from cube.compiler.definition import (
    Cube,
    Dimension,
    Segment,
)
from cube.compiler.expression import (
    Expression,
    MemberId,
    Scope,
    find_cubes,
    parse_expression,
    substitute,
)
from cube.compiler.granularity import STANDARD, build_granularity
from cube.compiler.joins import Edge
from cube.compiler.measure_compiler import MeasureCompiler
from cube.errors import ModelError, suggest


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
