"""Which rollup may answer for a source of a plan: the smallest that holds all the source reads.

A rollup takes the place of its fact under the same name, with the same joins, filters and row
rules; only the aggregates are combined from those it holds. So the question is whether every column
of the fact that the source reads is in the rollup: by itself, or as a period of time where the
source asks for nothing finer. What no rollup can answer, the fact answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from bankcrm.warehouse.rollup_states import RollupState, States
from cube.compiler.compiled import CompiledDimension, CompiledSegment
from cube.compiler.filters import SEGMENT, Condition, Group, Node, list_conditions
from cube.compiler.joins import MANY
from cube.compiler.measures import Aggregate, MultiStageStep, write_aggregate
from cube.compiler.model import Model
from cube.compiler.rollup import COMBINED, Rollup, read_columns, sign
from cube.planner.plan import Body, Column, MultiStagePlan, Plan, Source
from cube.planner.rollup_time import fits_filter, fits_frame, fits_granularity, fits_shift


def choose_rollups(plan: Plan, model: Model, states: States) -> Plan:
    """The plan with a rollup in the place of each fact that one can answer for.

    Args:
        plan: as `plan_query` made it; its row rules are conditions like others.
        model: the model of the plan.
        states: the rollups of the version that is asked.
    """
    if plan.ungrouped:
        return plan
    return replace(plan, body=_choose(plan.body, model, states, plan))


def find_mismatch(
    rollup: Rollup, source: Source, columns: tuple[Column, ...], plan: Plan
) -> str | None:
    """The first reason why a rollup cannot answer for a source; ``columns`` are its body's."""
    return _Match(rollup, source, columns, plan).mismatch()


def _choose(body: Body, model: Model, states: States, plan: Plan) -> Body:
    sources = tuple(_serve(source, body.columns, model, states, plan) for source in body.sources)
    nested = tuple(
        replace(item, body=_choose(item.body, model, states, plan)) for item in body.nested
    )
    return replace(body, sources=sources, nested=nested)


def _serve(
    source: Source, columns: tuple[Column, ...], model: Model, states: States, plan: Plan
) -> Source:
    """The source from its smallest rollup, or as it is, with the reasons against the others."""
    fitting: list[tuple[int, str, _Match]] = []
    refused: list[tuple[str, str]] = []
    for rollup in model.rollups.get(source.root, ()):
        state = states.get(rollup.name)
        match = _Match(rollup, source, columns, plan)
        reason = _judge(rollup, state) or match.mismatch()
        if reason is not None:
            refused.append((rollup.name, reason))
        elif state is not None:
            fitting.append((state.rows, rollup.name, match))
    if not fitting:
        return replace(source, refused=tuple(refused))
    _, chosen, best = min(fitting, key=lambda item: item[:2])
    refused += [(name, "another is smaller") for _, name, _ in fitting if name != chosen]
    return replace(best.served(), refused=tuple(refused))


def _judge(rollup: Rollup, state: RollupState | None) -> str | None:
    """Why a version's rollup may answer nothing at all, or None."""
    if state is None:
        return "this version does not hold it"
    if state.digest != rollup.digest:
        return "this version holds it by another definition"
    return None if state.state == "ready" else f"the refresh refused it: {state.reason}"


@dataclass(frozen=True)
class _Match:
    """A rollup held against a source."""

    rollup: Rollup
    source: Source
    columns: tuple[Column, ...]
    plan: Plan

    def mismatch(self) -> str | None:
        """The first reason why the rollup cannot answer."""
        return next(self._mismatches(), None)

    def served(self) -> Source:
        """The source, read from the rollup."""
        return replace(
            self.source,
            table=self.rollup.table,
            rollup=self.rollup.name,
            aggregates=tuple(
                self._combine(aggregate) or aggregate for aggregate in self.source.aggregates
            ),
            stages=tuple(self._restage(plan) for plan in self.source.stages),
            where=tuple(self._rewrite(node) for node in self.source.where),
        )

    def _mismatches(self) -> Iterator[str]:
        source = self.source
        steps = [*source.joins, *(step for plan in source.stages for step in plan.joins)]
        if source.distinct or any(step.edge.relationship == MANY for step in steps):
            yield "a join repeats the rows of the fact"
        yield from self._missing(step.edge.condition for step in steps)
        for node in source.where:
            for condition in list_conditions(node):
                yield from self._filter_mismatches(condition)
        yield from self._column_mismatches()
        yield from self._time_mismatches()
        for aggregate in source.aggregates:
            if self._combine(aggregate) is None:
                name = aggregate.name.replace("__", ".")
                yield f"it holds nothing that '{name}' could be made of"
        for plan in source.stages:
            yield from self._stage_mismatches(plan.stage)

    def _missing(self, trees: Iterable[exp.Expr]) -> Iterator[str]:
        for tree in trees:
            for name in read_columns(tree, self.rollup.cube):
                if name not in self.rollup.columns:
                    yield f"it does not hold '{name}'"

    def _is_period(self, dimension: CompiledDimension) -> bool:
        """Whether the rollup knows the dimension by its periods only."""
        tree = dimension.tree
        is_time = isinstance(tree, exp.Column) and (tree.table, tree.name) == (
            self.rollup.cube,
            self.rollup.time,
        )
        return is_time and not self.rollup.is_daily

    def _column_mismatches(self) -> Iterator[str]:
        for column in self.columns:
            dimension = column.member.source
            assert isinstance(dimension, CompiledDimension)
            if not self._is_period(dimension):
                yield from self._missing([dimension.tree])
            elif not fits_granularity(self.rollup.months, column.granularity, self.plan.today):
                unit = self.rollup.definition.granularity
                yield f"'{column.name}' is not made of whole periods of a {unit}"

    def _filter_mismatches(self, condition: Condition) -> Iterator[str]:
        source = condition.member.source
        if isinstance(source, CompiledDimension):
            if not self._is_period(source):
                yield from self._missing([source.tree])
            elif not fits_filter(self.rollup.months, condition):
                unit = self.rollup.definition.granularity
                yield f"the filter on '{condition.member.name}' cuts a {unit} in two"
        elif isinstance(source, CompiledSegment):
            if not self._keeps(source):
                yield from self._missing([source.tree])
        else:
            yield from self._missing(
                aggregate.condition for aggregate in source.aggregates if aggregate.condition
            )

    def _keeps(self, segment: CompiledSegment) -> bool:
        return segment.id[0] == self.rollup.cube and segment.id[1] in self.rollup.segments

    def _time_mismatches(self) -> Iterator[str]:
        source, rollup = self.source, self.rollup
        if rollup.is_daily:
            if source.rolling is not None:
                yield from self._missing([_tree(source.rolling.member.source)])
            return
        unit = rollup.definition.granularity
        if source.rolling is not None:
            dimension = source.rolling.member.source
            assert isinstance(dimension, CompiledDimension)
            if not self._is_period(dimension):
                yield from self._missing([dimension.tree])
            elif not fits_frame(rollup.months, source.rolling, self.plan.today):
                yield f"a rolling window is not made of whole periods of a {unit}"
        for shift in source.shifts:
            if not fits_shift(rollup.months, shift):
                yield f"a time shift does not move a {unit} to another"

    def _stage_mismatches(self, stage: MultiStageStep) -> Iterator[str]:
        if stage.include is not None:
            yield from self._missing([stage.include])
        if self._stage_value(stage) is None:
            yield f"it holds nothing that '{stage.name.replace('__', '.')}' could be made of"

    def _combine(self, aggregate: Aggregate) -> Aggregate | None:
        """The aggregate over rows of the rollup; None where it holds nothing that serves."""
        if aggregate.argument is not None and not [
            *read_columns(aggregate.argument, self.rollup.cube)
        ]:
            return aggregate if self._survives_grouping(aggregate) else None
        if aggregate.cube != self.rollup.cube:
            return None
        wanted = sign(aggregate)
        whole = replace(wanted, condition=None)
        signed = {sign(stored): name for name, stored in self.rollup.added_up.items()}
        if wanted in signed:
            return self._combined(aggregate, COMBINED[aggregate.kind], signed[wanted], None)
        if whole in signed and self._holds(aggregate.condition):
            return self._combined(
                aggregate, COMBINED[aggregate.kind], signed[whole], aggregate.condition
            )
        return self._single(aggregate)

    def _survives_grouping(self, aggregate: Aggregate) -> bool:
        """The largest and smallest of other cubes' values, which repeated rows do not change."""
        return aggregate.kind in ("min", "max") and self._holds(aggregate.condition)

    def _single(self, aggregate: Aggregate) -> Aggregate | None:
        """A distinct count, where every group is one row of the rollup."""
        for name, stored in self.rollup.counted.items():
            is_plain = not aggregate.frame and not aggregate.shifts
            if sign(stored) == sign(aggregate) and is_plain and self._is_exact():
                return self._combined(aggregate, "max", name, None)
        return None

    def _is_exact(self) -> bool:
        """Whether the query groups by exactly what the rollup is grouped by."""
        rollup = self.rollup
        grouped = set()
        for column in self.columns:
            tree = _tree(column.member.source)
            if isinstance(tree, exp.Column) and tree.table == rollup.cube:
                grain = column.granularity.name if column.granularity else "day"
                if tree.name != rollup.time or grain == rollup.definition.granularity:
                    grouped.add(tree.name)
        return not rollup.segments and grouped >= {rollup.time, *rollup.keys}

    def _combined(
        self, aggregate: Aggregate, kind: str, name: str, condition: exp.Expr | None
    ) -> Aggregate:
        column = self.rollup.column(name)
        return replace(aggregate, kind=kind, argument=column, condition=condition)

    def _holds(self, tree: exp.Expr | None) -> bool:
        return tree is None or not [*self._missing([tree])]

    def _stage_value(self, stage: MultiStageStep) -> exp.Expr | None:
        """The value of a stage over rows of the rollup."""
        if stage.is_extreme and self._holds(stage.value):
            return stage.value
        for name, stored in self.rollup.added_up.items():
            if write_aggregate(stored.kind, stored.argument, stored.condition) == stage.value:
                return write_aggregate(COMBINED[stored.kind], self.rollup.column(name), None)
        return None

    def _restage(self, plan: MultiStagePlan) -> MultiStagePlan:
        value = self._stage_value(plan.stage)
        assert value is not None
        where = tuple(self._rewrite(node) for node in plan.where)
        return replace(plan, stage=replace(plan.stage, value=value), where=where)

    def _rewrite(self, node: Node) -> Node:
        """A filter with the column of each segment that the rollup keeps."""
        if isinstance(node, Group):
            return replace(node, items=tuple(self._rewrite(item) for item in node.items))
        segment = node.member.source
        if node.operator != SEGMENT or not isinstance(segment, CompiledSegment):
            return node
        if not self._keeps(segment):
            return node
        kept = replace(segment, tree=self.rollup.column(segment.id[1]))
        return replace(node, member=replace(node.member, source=kept))


def _tree(source: object) -> exp.Expr:
    assert isinstance(source, CompiledDimension)
    return source.tree
