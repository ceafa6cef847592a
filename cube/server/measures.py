"""Measures as aggregates, and the stages of multi-stage measures.

Two multi-stage shapes are understood, both written in stock keys:

- a **rank** that orders one dimension within the members of ``grain.keep_only``, and a sum over the
  rows of rank 1: the end (``desc``) or the start (``asc``) of the queried period;
- a **sum at a grain of its own**: the base measure per ``grain.include``, summed within
  ``grain.keep_only``, whatever else the query groups by.

Both become a small relation, a `Stage`, with one row per combination of the query's members of
``keep_only``. Joining it multiplies nothing, so additive measures beside it stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from sqlglot import exp

from cube.server.definition import Cube, Measure
from cube.server.errors import ModelError
from cube.server.expression import (
    Expression,
    MemberId,
    Scope,
    find_cubes,
    parse_expression,
    substitute,
)

_REFERENCE = re.compile(r"\{(?:CUBE\.)?([a-z][a-z0-9_]*)\}")
_FIRST_RANK = re.compile(r"\{(?:CUBE\.)?([a-z][a-z0-9_]*)\}\s*=\s*1")
STAGE_VALUE = "value"


@dataclass(frozen=True, eq=False)
class Stage:
    """One value per combination of the members of ``keep_only`` that a query groups by.

    ``value`` aggregates the rows of the fact; where ``include`` is set, it does so per value of
    that expression, and the results are summed.
    """

    name: str
    value: exp.Expr
    include: exp.Expr | None
    keep_only: frozenset[MemberId]
    cubes: frozenset[str]


@dataclass(frozen=True, eq=False)
class CompiledMeasure:
    """A measure; ``tree`` is the whole aggregate over the fact's rows and its ``stages``."""

    id: MemberId
    definition: Measure
    tree: exp.Expr
    cubes: frozenset[str]
    stages: tuple[Stage, ...]

    @property
    def value_type(self) -> str:
        """Type of the value; every aggregate that the model knows is a number."""
        return "number"


class MeasureCompiler:
    """Compiles the measures of one cube, following references between them."""

    def __init__(self, cube: Cube, scope: Scope, dimensions: Mapping[MemberId, exp.Expr]) -> None:
        self._cube = cube
        self._scope = scope
        self._dimensions = dimensions
        self._definitions = {measure.name: measure for measure in cube.measures}
        self._done: dict[str, CompiledMeasure] = {}
        self._running: list[str] = []
        self._stages: dict[str, Stage] = {}

    def compile(self) -> dict[str, CompiledMeasure]:
        """Every measure that stands for a value; ranks only serve others."""
        return {
            name: self._compile(name)
            for name, measure in self._definitions.items()
            if measure.type != "rank"
        }

    def _compile(self, name: str) -> CompiledMeasure:
        if name not in self._done:
            if name in self._running:
                self._fail(name, "refers to itself")
            self._running.append(name)
            self._done[name] = self._build(self._definitions[name])
            self._running.pop()
        return self._done[name]

    def _build(self, measure: Measure) -> CompiledMeasure:
        if measure.type == "number":
            return self._build_number(measure)
        if measure.multi_stage:
            return self._build_multi_stage(measure)
        if measure.type == "rank" or measure.grain != type(measure.grain)() or measure.order_by:
            self._fail(measure.name, "rank, grain and order_by need multi_stage: true")
        tree = _aggregate(measure.type, self._argument(measure), self._condition(measure))
        return self._result(measure, tree, ())

    def _build_number(self, measure: Measure) -> CompiledMeasure:
        expression = self._parse(measure, measure.sql)
        if measure.filters or expression.cubes:
            self._fail(
                measure.name, "a number combines measures; it reads no column, has no filter"
            )
        parts = {id_: self._compile_reference(measure, id_) for id_ in expression.members}
        stages = tuple(dict.fromkeys(stage for part in parts.values() for stage in part.stages))
        if stages and not measure.multi_stage:
            self._fail(measure.name, "a number over multi-stage measures is multi_stage: true too")
        tree = substitute(expression.tree, {id_: part.tree for id_, part in parts.items()})
        cubes = frozenset().union(*(part.cubes for part in parts.values()))
        return CompiledMeasure((self._cube.name, measure.name), measure, tree, cubes, stages)

    def _build_multi_stage(self, measure: Measure) -> CompiledMeasure:
        base = self._referred(measure, _REFERENCE, measure.sql)
        if measure.type != "sum" or base.multi_stage or base.filters:
            self._fail(measure.name, "a multi-stage measure sums a plain measure without filters")
        if measure.filters:
            return self._build_ranked(measure, base)
        stage = self._build_grain_stage(measure, base)
        return self._result(measure, exp.Max(this=_stage_value(stage)), (stage,))

    def _build_ranked(self, measure: Measure, base: Measure) -> CompiledMeasure:
        if base.type != "sum" or len(measure.filters) != 1:
            self._fail(measure.name, "a ranked measure sums a sum and has one filter, a rank = 1")
        rank = self._referred(measure, _FIRST_RANK, measure.filters[0].sql)
        if measure.grain.include != rank.grain.include or measure.grain.keep_only:
            self._fail(measure.name, f"grain includes what '{rank.name}' includes, and keeps all")
        stage, ranked = self._build_rank_stage(rank)
        condition = exp.EQ(this=ranked.copy(), expression=_stage_value(stage))
        tree = _aggregate("sum", self._argument(base), condition)
        return self._result(measure, tree, (stage,))

    def _build_rank_stage(self, rank: Measure) -> tuple[Stage, exp.Expr]:
        shape = rank.type == "rank" and rank.multi_stage and not rank.public
        if not shape or len(rank.order_by) != 1 or len(rank.grain.include) != 1:
            self._fail(
                rank.name, "a rank is private and multi-stage, with one order_by and include"
            )
        ordered = self._parse(rank, rank.order_by[0].sql)
        if ordered.members != {self._member_id(rank, rank.grain.include[0])}:
            self._fail(rank.name, "order_by names the member of grain.include")
        tree = substitute(ordered.tree, self._dimensions)
        latest = rank.order_by[0].dir == "desc"
        value = exp.Max(this=tree.copy()) if latest else exp.Min(this=tree.copy())
        return self._stage(rank, value, None), tree

    def _build_grain_stage(self, measure: Measure, base: Measure) -> Stage:
        if len(measure.grain.include) != 1:
            self._fail(measure.name, "grain includes one member")
        include = self._dimensions[self._member_id(measure, measure.grain.include[0])]
        value = _aggregate(base.type, self._argument(base), None)
        return self._stage(measure, value, include)

    def _stage(self, measure: Measure, value: exp.Expr, include: exp.Expr | None) -> Stage:
        keep_only = frozenset(self._member_id(measure, path) for path in measure.grain.keep_only)
        if not keep_only:
            self._fail(measure.name, "grain.keep_only lists the members of time")
        cubes = find_cubes(value) | (find_cubes(include) if include else frozenset())
        name = f"{self._cube.name}__{measure.name}"
        return self._stages.setdefault(name, Stage(name, value, include, keep_only, cubes))

    def _argument(self, measure: Measure) -> exp.Expr | None:
        if measure.sql is None:
            if measure.type != "count":
                self._fail(measure.name, f"a measure of type {measure.type} needs sql")
            return None
        return self._substitute_dimensions(measure, self._parse(measure, measure.sql))

    def _condition(self, measure: Measure) -> exp.Expr | None:
        trees = [
            exp.paren(self._substitute_dimensions(measure, self._parse(measure, clause.sql)))
            for clause in measure.filters
        ]
        return exp.and_(*trees) if trees else None

    def _substitute_dimensions(self, measure: Measure, expression: Expression) -> exp.Expr:
        if not expression.members <= self._dimensions.keys():
            self._fail(measure.name, "only a measure of type number refers to measures")
        return substitute(expression.tree, self._dimensions)

    def _compile_reference(self, measure: Measure, id_: MemberId) -> CompiledMeasure:
        cube, name = id_
        if cube != self._cube.name or name not in self._definitions:
            self._fail(measure.name, f"{cube}.{name} is not a measure of this cube")
        if self._definitions[name].type == "rank":
            self._fail(measure.name, f"'{name}' is a rank; only a filter may name it")
        return self._compile(name)

    def _referred(self, measure: Measure, pattern: re.Pattern[str], sql: str | None) -> Measure:
        match = pattern.fullmatch((sql or "").strip())
        if match is None or match.group(1) not in self._definitions:
            self._fail(measure.name, f"expected a reference to a measure of this cube, not: {sql}")
        return self._definitions[match.group(1)]

    def _member_id(self, measure: Measure, path: str) -> MemberId:
        cube, _, name = path.rpartition(".")
        member = (cube or self._cube.name, name)
        if member not in self._dimensions:
            self._fail(measure.name, f"grain names '{path}', which is not a dimension")
        return member

    def _parse(self, measure: Measure, sql: str | None) -> Expression:
        if sql is None:
            self._fail(measure.name, f"a measure of type {measure.type} needs sql")
        try:
            return parse_expression(sql, self._scope)
        except ModelError as error:
            self._fail(measure.name, error.problem)

    def _result(
        self, measure: Measure, tree: exp.Expr, stages: tuple[Stage, ...]
    ) -> CompiledMeasure:
        cubes = find_cubes(tree) - {stage.name for stage in stages}
        return CompiledMeasure((self._cube.name, measure.name), measure, tree, cubes, stages)

    def _fail(self, name: str, problem: str) -> NoReturn:
        raise ModelError(f"{self._cube.name}.measures.{name}: {problem}")


def _stage_value(stage: Stage) -> exp.Column:
    return exp.column(STAGE_VALUE, stage.name, quoted=True)


def _aggregate(kind: str, argument: exp.Expr | None, condition: exp.Expr | None) -> exp.Expr:
    """SUM, COUNT, ... of the argument over the rows that meet the condition."""
    call = _call(kind, argument)
    if condition is None:
        return call
    return exp.Filter(this=call, expression=exp.Where(this=condition))


def _call(kind: str, argument: exp.Expr | None) -> exp.Expr:
    if argument is None:
        return exp.Count(this=exp.Star())
    value = argument.copy()
    if kind == "count_distinct":
        return exp.Count(this=exp.Distinct(expressions=[value]))
    functions = {"count": exp.Count, "sum": exp.Sum, "min": exp.Min, "max": exp.Max, "avg": exp.Avg}
    return functions[kind](this=value)
