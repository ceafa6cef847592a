"""What a query means: its plan as plain data, its SQL, and the columns each member comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlglot import exp

from cube.compiler.compiled import Member, MemberSource
from cube.compiler.filters import Condition, Group, Node, list_conditions
from cube.compiler.joins import JoinStep
from cube.compiler.measures import Aggregate, CompiledMeasure, Frame, NestedAggregate, Window
from cube.compiler.model import Model
from cube.compiler.policy import HIDDEN
from cube.planner.plan import Body, Column, MovedTime, Plan, Source
from cube.planner.sql import write_statement
from cube.planner.sql_tree import DIALECT
from cube.query.dates import format_moment

Json = dict[str, Any]


def explain_plan(plan: Plan, model: Model, dialect: str = DIALECT) -> Json:
    """Plan, SQL and lineage as JSON values. The SQL is laid out for reading."""
    statement = write_statement(plan, model, dialect=dialect)
    return {
        "plan": {
            **_body(plan.body),
            "having": [_node(node) for node in plan.having],
            "order": [f"{name} {'desc' if desc else 'asc'}" for name, desc in plan.order],
            "limit": plan.limit,
            "offset": plan.offset,
            "timezone": plan.timezone,
            "businessDate": plan.today.isoformat(),
        },
        "sql": _pretty(statement.sql, dialect),
        "parameters": [str(value) for value in statement.parameters],
        "lineage": [_lineage(member, model) for member in _members(plan)],
    }


def list_columns(source: MemberSource, model: Model) -> list[str]:
    """Columns of the marts that a member is computed from, as ``schema.table.column``."""
    found = set()
    for tree in _trees(source):
        for column in tree.find_all(exp.Column):
            if column.table in model.cubes:
                table = model.cubes[column.table].definition.sql_table
                found.add(f"{table}.{column.name}")
    return sorted(found)


def _pretty(sql: str, dialect: str) -> str:
    import sqlglot  # noqa: PLC0415 - parsing is for explanations only

    return sqlglot.parse_one(sql, dialect=dialect).sql(dialect=dialect, pretty=True)


def _members(plan: Plan) -> Iterator[Member]:
    filters = [*plan.having]
    filters += [node for source in plan.body.sources for node in source.where]
    listed = [column.member for column in plan.columns] + [*plan.measures]
    listed += [condition.member for node in filters for condition in list_conditions(node)]
    shown = {member.name: member for member in listed if not member.name.startswith(HIDDEN)}
    yield from shown.values()


def _lineage(member: Member, model: Model) -> Json:
    columns = list_columns(member.source, model)
    tables = dict.fromkeys(column.rpartition(".")[0] for column in columns)
    definition = member.source.definition
    return {
        "member": member.name,
        "kind": member.kind,
        "cubeMember": ".".join(member.source.id),
        "definition": definition.sql or getattr(definition, "type", None),
        "columns": columns,
        "dbtModels": [table.rpartition(".")[2] for table in tables],
    }


def _trees(source: MemberSource) -> Iterator[exp.Expr]:
    if isinstance(source, CompiledMeasure):
        yield from _measure_trees(source)
    else:
        yield source.tree


def _measure_trees(measure: CompiledMeasure) -> Iterator[exp.Expr]:
    for component in measure.components.values():
        if isinstance(component, Aggregate):
            yield from (
                tree for tree in (component.argument, component.condition) if tree is not None
            )
            for stage in component.stages:
                yield from (tree for tree in (stage.value, stage.include) if tree is not None)
        elif isinstance(component, NestedAggregate):
            yield from _measure_trees(component.base)


def _body(body: Body) -> Json:
    described: Json = {
        "columns": [column.name for column in body.columns],
        "sources": [_source(source) for source in body.sources],
    }
    if body.nested:
        described["nested"] = [
            {"name": item.name, "aggregate": item.component.kind, **_body(item.body)}
            for item in body.nested
        ]
    if body.windows:
        described["windows"] = [_window(window, body.columns) for window in body.windows]
    return described


def _source(source: Source) -> Json:
    described: Json = {
        "name": source.name,
        "from": f"{source.table} as {source.root}",
        "joins": [_join(step) for step in source.joins],
        "where": [_node(node) for node in source.where],
        "aggregates": {aggregate.name: _aggregate(aggregate) for aggregate in source.aggregates},
    }
    if source.rollup is not None:
        described["rollup"] = source.rollup
    if source.refused:
        described["rollupsNotUsed"] = dict(source.refused)
    if source.stages:
        described["periods"] = [plan.stage.name for plan in source.stages]
    if source.distinct:
        described["countedOncePer"] = [key.sql(dialect=DIALECT) for key in source.distinct]
    if source.shifts:
        described["shifted"] = [_shift(shift) for shift in source.shifts]
    if source.rolling is not None:
        member = source.rolling.member.name
        described["rolling"] = {"over": member, "window": _frame(source.rolling.frame)}
    return described


def _join(step: JoinStep) -> str:
    condition = step.edge.condition.sql(dialect=DIALECT)
    return f"{step.edge.relationship} {step.table} as {step.cube} on {condition}"


def _aggregate(aggregate: Aggregate) -> str:
    argument = "*" if aggregate.argument is None else aggregate.argument.sql(dialect=DIALECT)
    condition = (
        "" if aggregate.condition is None else f" where {aggregate.condition.sql(dialect=DIALECT)}"
    )
    return f"{aggregate.kind}({argument}){condition}"


def _window(window: Window, columns: Iterable[Column]) -> Json:
    within = [column.name for column in columns if window.keeps(column.id)]
    return {"name": window.name, "aggregate": window.kind, "within": within}


def _shift(shift: MovedTime) -> str:
    length = f"{shift.interval.months} months and {shift.interval.seconds} seconds"
    return f"{'.'.join(shift.member)} by {length}, {shift.matched} beside {shift.matched}"


def _frame(frame: Frame) -> str:
    if frame.to_date is not None:
        return f"from the start of the {frame.to_date}"
    edge = "start" if frame.from_start else "end"
    return f"{_length(frame.trailing)} before to {_length(frame.leading)} after the {edge}"


def _length(interval: Any) -> str:  # noqa: ANN401 - an interval or none
    if interval is None:
        return "everything"
    return f"{interval.months} months {interval.seconds} seconds"


def _node(node: Node) -> Any:  # noqa: ANN401 - nested JSON
    if isinstance(node, Group):
        return {node.kind: [_node(item) for item in node.items]}
    return _condition(node)


def _condition(node: Condition) -> str:
    values = [
        format_moment(value) if isinstance(value, datetime) else str(value) for value in node.values
    ]
    values += ["null"] if node.with_null else []
    return " ".join([node.member.name, node.operator, ", ".join(values)]).strip()
