"""A measure of the model, compiled: its components, stages and windows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NoReturn

from sqlglot import exp

from cube.compiler.definition import Cube, Grain, Measure
from cube.compiler.expression import (
    Expression,
    MemberId,
    Scope,
    find_cubes,
    parse_expression,
    substitute,
)
from cube.compiler.granularity import Interval
from cube.compiler.measures import (
    COMPONENT_TABLE,
    STEP_VALUE,
    Aggregate,
    CompiledMeasure,
    Frame,
    MultiStageStep,
    NestedAggregate,
    Shift,
    Window,
    replace_components,
    write_aggregate,
)
from cube.errors import ModelError

_REFERENCE = re.compile(r"\{(?:CUBE\.)?([a-z][a-z0-9_]*)\}")

_FIRST_RANK = re.compile(r"\{(?:CUBE\.)?([a-z][a-z0-9_]*)\}\s*=\s*1")

_TO_DATE_UNITS = ("day", "week", "month", "quarter", "year")


class MeasureCompiler:
    """Compiles the measures of all cubes, following references between them."""

    def __init__(
        self,
        cubes: Mapping[str, Cube],
        members: Mapping[str, Iterable[str]],
        dimensions: Mapping[MemberId, exp.Expr],
    ) -> None:
        self._cubes = cubes
        self._members = {cube: list(names) for cube, names in members.items()}
        self._dimensions = dimensions
        self._definitions = {
            (cube.name, measure.name): measure
            for cube in cubes.values()
            for measure in cube.measures
        }
        self._done: dict[MemberId, CompiledMeasure] = {}
        self._running: list[MemberId] = []
        self._stages: dict[str, MultiStageStep] = {}

    def compile(self, cube: str) -> dict[str, CompiledMeasure]:
        """Every measure of a cube that stands for a value; ranks of rows only serve others."""
        return {
            name: self._compile((owner, name))
            for owner, name in self._definitions
            if owner == cube and not self._ranks_rows((owner, name))
        }

    def _ranks_rows(self, id_: MemberId) -> bool:
        """Whether a rank orders the rows of a fact by a dimension, not the rows of an answer."""
        measure = self._definitions[id_]
        if measure.type != "rank" or len(measure.order_by) != 1:
            return False
        return self._parse(id_, measure.order_by[0].sql).members <= self._dimensions.keys()

    def _compile(self, id_: MemberId) -> CompiledMeasure:
        if id_ not in self._done:
            if id_ in self._running:
                self._fail(id_, "refers to itself")
            self._running.append(id_)
            self._done[id_] = self._build(id_, self._definitions[id_])
            self._running.pop()
        return self._done[id_]

    def _build(self, id_: MemberId, measure: Measure) -> CompiledMeasure:
        self._check_keys(id_, measure)
        if measure.time_shift:
            return self._build_shifted(id_, measure)
        if measure.type == "rank":
            return self._build_rank(id_, measure)
        if measure.type == "number":
            return self._build_number(id_, measure)
        if measure.multi_stage:
            return self._build_multi_stage(id_, measure)
        aggregate = Aggregate(
            _component_name(id_),
            id_[0],
            measure.type,
            self._argument(id_, measure),
            self._condition(id_, measure),
            frozenset(),
            frame=self._frame(id_, measure),
        )
        return self._of_aggregate(id_, measure, aggregate)

    def _check_keys(self, id_: MemberId, measure: Measure) -> None:
        staged = measure.type == "rank" or measure.grain != Grain()
        staged |= bool(measure.order_by or measure.time_shift or measure.add_group_by)
        staged |= _is_set(measure.group_by, measure.reduce_by)
        if staged and not measure.multi_stage:
            self._fail(id_, "rank, grain, order_by, group_by and time_shift need multi_stage: true")
        if measure.rolling_window and (measure.multi_stage or measure.type == "number"):
            self._fail(id_, "a rolling window needs a plain aggregate")

    def _build_number(self, id_: MemberId, measure: Measure) -> CompiledMeasure:
        expression = self._parse(id_, measure.sql)
        if measure.filters or expression.cubes:
            self._fail(id_, "a number combines measures; it reads no column, has no filter")
        if _is_set(measure.group_by, measure.reduce_by) or measure.grain != Grain():
            self._fail(id_, "a number keeps the members of the query; give the grain to a sum")
        return self._combine(id_, measure, expression)

    def _combine(self, id_: MemberId, measure: Measure, expression: Expression) -> CompiledMeasure:
        used = {other: self._refer(id_, other) for other in sorted(expression.members)}
        components = {
            name: component for base in used.values() for name, component in base.components.items()
        }
        staged = any(
            isinstance(component, Window | NestedAggregate) or component.stages or component.shifts
            for component in components.values()
        )
        if staged and not measure.multi_stage:
            self._fail(id_, "a number over multi-stage measures is multi_stage: true too")
        tree = substitute(expression.tree, {other: base.tree for other, base in used.items()})
        return CompiledMeasure(id_, measure, tree, components)

    def _build_shifted(self, id_: MemberId, measure: Measure) -> CompiledMeasure:
        base = self._base(id_, measure)
        if any(
            not isinstance(component, Aggregate) or component.frame
            for component in base.components.values()
        ):
            self._fail(id_, "time_shift moves aggregates, not ranks, shares or rolling windows")
        shifts = tuple(
            Shift(
                Interval.parse(item.interval)
                if item.type == "prior"
                else -Interval.parse(item.interval),
                self._member_id(id_, item.time_dimension) if item.time_dimension else None,
            )
            for item in measure.time_shift
        )
        aggregates = [
            replace(
                aggregate,
                name=f"{_component_name(id_)}__{aggregate.name}",
                shifts=aggregate.shifts + shifts,
            )
            for aggregate in base.aggregates
        ]
        names = {
            old.name: _component_value(aggregate.name)
            for old, aggregate in zip(base.aggregates, aggregates, strict=True)
        }
        tree = replace_components(base.tree, names)
        return CompiledMeasure(
            id_, measure, tree, {aggregate.name: aggregate for aggregate in aggregates}
        )

    def _build_rank(self, id_: MemberId, measure: Measure) -> CompiledMeasure:
        if not measure.order_by:
            self._fail(id_, "a rank needs order_by")
        ordered = [
            (self._combine(id_, measure, self._parse(id_, item.sql)), item.dir == "desc")
            for item in measure.order_by
        ]
        order = tuple((base.tree, desc) for base, desc in ordered)
        return self._of_window(id_, measure, None, order, [base for base, _ in ordered])

    def _build_multi_stage(self, id_: MemberId, measure: Measure) -> CompiledMeasure:
        grain = measure.grain
        if measure.filters:
            return self._build_ranked(id_, measure)
        if grain.include and grain.keep_only is not None:
            return self._build_grain_stage(id_, measure)
        added = measure.add_group_by + grain.include
        base = self._base(id_, measure)
        if _is_set(measure.group_by, measure.reduce_by, grain.keep_only, grain.exclude):
            if added:
                self._fail(id_, "a grain adds members or takes some away, not both")
            return self._of_window(id_, measure, base.tree, (), [base])
        if not added:
            self._fail(id_, "a multi-stage aggregate says its grain: group_by, add_group_by, ...")
        include = tuple(self._member_id(id_, path) for path in added)
        component = NestedAggregate(_component_name(id_), measure.type, base, include)
        return CompiledMeasure(
            id_, measure, _component_value(component.name), {component.name: component}
        )

    def _of_window(
        self,
        id_: MemberId,
        measure: Measure,
        tree: exp.Expr | None,
        order: tuple[tuple[exp.Expr, bool], ...],
        bases: list[CompiledMeasure],
    ) -> CompiledMeasure:
        """Measure of a window over other measures, which must not be windows themselves."""
        inner = {name: component for base in bases for name, component in base.components.items()}
        if any(isinstance(component, Window) for component in inner.values()):
            self._fail(id_, "a rank or share of a rank or share is not supported")
        keep = measure.grain.keep_only if measure.group_by is None else measure.group_by
        drop = measure.grain.exclude if measure.reduce_by is None else measure.reduce_by
        window = Window(
            _component_name(id_),
            measure.type,
            tree,
            order,
            None if keep is None else frozenset(self._member_id(id_, path) for path in keep),
            frozenset(self._member_id(id_, path) for path in drop or ()),
        )
        return CompiledMeasure(
            id_, measure, _component_value(window.name), {**inner, window.name: window}
        )

    def _build_ranked(self, id_: MemberId, measure: Measure) -> CompiledMeasure:
        base_id, base = self._referred(id_, _REFERENCE, measure.sql)
        plain = not (base.multi_stage or base.filters or base.rolling_window)
        if measure.type != "sum" or base.type != "sum" or not plain or len(measure.filters) != 1:
            self._fail(id_, "a ranked measure sums a plain sum and has one filter, a rank = 1")
        rank_id, rank = self._referred(id_, _FIRST_RANK, measure.filters[0].sql)
        if measure.grain.include != rank.grain.include or measure.grain.keep_only:
            self._fail(id_, f"grain includes what '{rank.name}' includes, and keeps all")
        stage, ranked = self._build_rank_stage(rank_id, rank)
        condition = exp.EQ(this=ranked.copy(), expression=_stage_value(stage))
        aggregate = Aggregate(
            _component_name(id_),
            id_[0],
            "sum",
            self._argument(base_id, base),
            condition,
            frozenset(),
            (stage,),
        )
        return self._of_aggregate(id_, measure, aggregate)

    def _build_rank_stage(self, id_: MemberId, rank: Measure) -> tuple[MultiStageStep, exp.Expr]:
        shape = rank.type == "rank" and rank.multi_stage and not rank.public
        if not shape or len(rank.order_by) != 1 or len(rank.grain.include) != 1:
            self._fail(id_, "a rank of rows is private and multi-stage, with one order_by, include")
        ordered = self._parse(id_, rank.order_by[0].sql)
        if ordered.members != {self._member_id(id_, rank.grain.include[0])}:
            self._fail(id_, "order_by names the member of grain.include")
        tree = substitute(ordered.tree, self._dimensions)
        latest = rank.order_by[0].dir == "desc"
        value = exp.Max(this=tree.copy()) if latest else exp.Min(this=tree.copy())
        return self._stage(id_, rank, value, None), tree

    def _build_grain_stage(self, id_: MemberId, measure: Measure) -> CompiledMeasure:
        base_id, base = self._referred(id_, _REFERENCE, measure.sql)
        plain = not (base.multi_stage or base.filters or base.rolling_window)
        if measure.type != "sum" or not plain or len(measure.grain.include) != 1:
            self._fail(id_, "a grain of its own sums a plain measure and includes one member")
        include = self._dimensions[self._member_id(id_, measure.grain.include[0])]
        value = write_aggregate(base.type, self._argument(base_id, base), None)
        stage = self._stage(id_, measure, value, include)
        aggregate = Aggregate(
            _component_name(id_), id_[0], "max", _stage_value(stage), None, frozenset(), (stage,)
        )
        return self._of_aggregate(id_, measure, aggregate)

    def _stage(
        self, id_: MemberId, measure: Measure, value: exp.Expr, include: exp.Expr | None
    ) -> MultiStageStep:
        paths = measure.grain.keep_only or ()
        if not paths:
            self._fail(id_, "grain.keep_only lists the members of time")
        keep_only = frozenset(self._member_id(id_, path) for path in paths)
        cubes = find_cubes(value) | (find_cubes(include) if include else frozenset())
        name = _component_name(id_)
        return self._stages.setdefault(name, MultiStageStep(name, value, include, keep_only, cubes))

    def _frame(self, id_: MemberId, measure: Measure) -> Frame | None:
        window = measure.rolling_window
        if window is None:
            return None
        if window.type == "to_date":
            if window.granularity not in _TO_DATE_UNITS:
                self._fail(id_, f"to_date counts from the start of {', '.join(_TO_DATE_UNITS)}")
            return Frame(to_date=window.granularity)
        return Frame(
            _length(window.trailing),
            _length(window.leading),
            from_start=window.offset == "start",
        )

    def _argument(self, id_: MemberId, measure: Measure) -> exp.Expr | None:
        if measure.sql is None:
            if measure.type != "count":
                self._fail(id_, f"a measure of type {measure.type} needs sql")
            return None
        return self._substitute_dimensions(id_, self._parse(id_, measure.sql))

    def _condition(self, id_: MemberId, measure: Measure) -> exp.Expr | None:
        trees = [
            exp.paren(self._substitute_dimensions(id_, self._parse(id_, clause.sql)))
            for clause in measure.filters
        ]
        return exp.and_(*trees) if trees else None

    def _substitute_dimensions(self, id_: MemberId, expression: Expression) -> exp.Expr:
        if not expression.members <= self._dimensions.keys():
            self._fail(id_, "only a measure of type number refers to measures")
        return substitute(expression.tree, self._dimensions)

    def _refer(self, id_: MemberId, other: MemberId) -> CompiledMeasure:
        if other not in self._definitions:
            self._fail(id_, f"{'.'.join(other)} is not a measure")
        if self._ranks_rows(other):
            self._fail(id_, f"'{other[1]}' is a rank of rows; only a filter may name it")
        return self._compile(other)

    def _base(self, id_: MemberId, measure: Measure) -> CompiledMeasure:
        """The one measure that another is made of."""
        expression = self._parse(id_, measure.sql)
        if len(expression.members) != 1 or expression.cubes:
            self._fail(id_, f"expected a reference to one measure, not: {measure.sql}")
        (other,) = expression.members
        return self._refer(id_, other)

    def _referred(
        self, id_: MemberId, pattern: re.Pattern[str], sql: str | None
    ) -> tuple[MemberId, Measure]:
        match = pattern.fullmatch((sql or "").strip())
        found = (id_[0], match.group(1)) if match else id_
        if match is None or found not in self._definitions:
            self._fail(id_, f"expected a reference to a measure of this cube, not: {sql}")
        return found, self._definitions[found]

    def _member_id(self, id_: MemberId, path: str) -> MemberId:
        cube, _, name = path.rpartition(".")
        member = (cube.rpartition(".")[2] or id_[0], name)
        if member not in self._dimensions:
            self._fail(id_, f"'{path}' is not a dimension")
        return member

    def _parse(self, id_: MemberId, sql: str | None) -> Expression:
        if sql is None:
            self._fail(id_, f"a measure of type {self._definitions[id_].type} needs sql")
        try:
            return parse_expression(sql, Scope(id_[0], self._members))
        except ModelError as error:
            self._fail(id_, error.problem)

    def _of_aggregate(
        self, id_: MemberId, measure: Measure, aggregate: Aggregate
    ) -> CompiledMeasure:
        trees = [tree for tree in (aggregate.argument, aggregate.condition) if tree is not None]
        read = frozenset().union(*map(find_cubes, trees)) | {aggregate.cube}
        aggregate = replace(aggregate, cubes=read - {stage.name for stage in aggregate.stages})
        return CompiledMeasure(
            id_, measure, _component_value(aggregate.name), {aggregate.name: aggregate}
        )

    def _fail(self, id_: MemberId, problem: str) -> NoReturn:
        raise ModelError(f"{id_[0]}.measures.{id_[1]}: {problem}")


def _is_set(*values: object) -> bool:
    return any(value is not None for value in values)


def _length(text: str | None) -> Interval | None:
    if text == "unbounded":
        return None
    return Interval() if text is None else Interval.parse(text)


def _component_name(id_: MemberId) -> str:
    return f"{id_[0]}__{id_[1]}"


def _component_value(name: str) -> exp.Column:
    return exp.column(name, COMPONENT_TABLE, quoted=True)


def _stage_value(stage: MultiStageStep) -> exp.Column:
    return exp.column(STEP_VALUE, stage.name, quoted=True)
