"""A SELECT with groups or aggregates: measures by groups, and what is computed from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from cube.compiler.compiled import Member
from cube.wire.errors import GROUPING, NOT_SUPPORTED, WireError
from cube.wire.translate.aggregates import (
    adds_up,
    check_aggregate,
    get_argument,
    get_column,
    is_aggregate,
    kind_of,
)
from cube.wire.translate.computed import ComputedDimensions
from cube.wire.translate.cube_rows import ROWS, Content, Rows, row_column, set_source
from cube.wire.translate.date_range import find_date_range
from cube.wire.translate.group_keys import GroupKey, GroupKeyReader, find_group_keys
from cube.wire.translate.members import Members
from cube.wire.translate.semi_joins import is_joined, read_condition, walk_own
from cube.wire.translate.where import Conditions, never

_UNMOVED_BY_REPEATS = (exp.Min, exp.Max)
_OF_ROWS = (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Count)
"""Aggregates of expressions, which are computed row by row."""

_ROW_AGGREGATES: dict[str, type[exp.AggFunc]] = {
    "sum": exp.Sum,
    "min": exp.Min,
    "max": exp.Max,
    "avg": exp.Avg,
    "count": exp.Sum,
}
"""What a measure is of the values that single rows contribute to it."""


@dataclass
class _Asked:
    """What a SELECT asks the cubes for."""

    group_keys: dict[str, GroupKey] = field(default_factory=dict)
    measures: dict[str, Member] = field(default_factory=dict)
    regrouped: bool = False
    rows: bool = False


class GroupedSelect:
    """Translates one."""

    def __init__(
        self, select: exp.Select, members: Members, rows: Rows, computed: ComputedDimensions
    ) -> None:
        self._select = select
        self._members = members
        self._rows = rows
        self._computed = computed
        self._group_keys = GroupKeyReader(members, computed)
        self._asked = _Asked()

    def translate(self, conditions: Conditions) -> exp.Select:
        """The SELECT over the rows of the cubes.

        Raises:
            WireError: a group or aggregate that the view cannot answer, by name.
            QueryError: a combination of members that has no meaning in the model.
        """
        select = self._select
        group = select.args.get("group")
        for item in group.expressions if group else self._distinct_items(select):
            key = self._group_keys.read_group(item)
            self._asked.group_keys[key.name] = key
        grouped = list(self._asked.group_keys)
        self._asked.rows = self._asked.regrouped = self._aggregates_expressions()
        outer = select.copy()
        if self._members.row_count() is None and outer.args.get("having"):
            outer.set("having", outer.args["having"].transform(_drop_row_test))
        for clause in ("expressions", "having", "order"):
            self._replace(outer, clause)
        for join in outer.args.get("joins") or []:
            join.set("on", self._swap(read_condition(join, self._members)))
        self._check_mix()
        # A condition that never holds is a filter: an aggregate of no rows has a value still.
        set_source(outer, self._rows(self._content(conditions)), nothing=False)
        if self._asked.regrouped:
            keys = [row_column(name) for name in grouped]
            outer.set("group", exp.Group(expressions=keys) if keys else None)
            return outer
        outer.set("group", None)
        having = outer.args.pop("having", None)
        if having is not None:
            # The rows of the cubes are the groups of the query.
            outer.where(having.this, copy=False)
        self._break_ties(outer, grouped)
        return outer

    def _distinct_items(self, select: exp.Select) -> list[exp.Expr]:
        """Members that DISTINCT alone groups by, wherever in an output they are."""
        distinct = select.args.get("distinct")
        if distinct is None:
            return []
        if distinct.args.get("on"):
            raise WireError(NOT_SUPPORTED, "DISTINCT ON is not supported on a view")
        return [node for item in select.expressions for node in find_group_keys(item)]

    def _break_ties(self, outer: exp.Select, grouped: list[str]) -> None:
        """Pages must not overlap: rows of equal order come in the order of the groups."""
        limited = outer.args.get("limit") or outer.args.get("offset")
        if not limited or outer.args.get("distinct"):
            return
        keys = [exp.Ordered(this=row_column(name)) for name in grouped]
        if keys:
            outer.order_by(*keys, copy=False)

    def _content(self, conditions: Conditions) -> Content:
        filters = conditions.filters
        if conditions.nothing:
            filters = [*filters, never(self._members.first_dimension())]
        content: Content = {
            "dimensions": [key.name for key in self._asked.group_keys.values()],
            "measures": list(self._asked.measures),
            "filters": filters,
            "segments": conditions.segments,
            "order": [],
        }
        if self._asked.rows:
            names = list(self._asked.group_keys) or [self._members.first_dimension().name]
            return {**content, "dimensions": names, "ungrouped": True}
        self._set_range(content)
        return content

    def _set_range(self, content: Content) -> None:
        """The filters on the time that the query groups by, or on the only one that it filters by,
        as its date range: windows need one."""
        times = dict.fromkeys(
            k.member.name for k in self._asked.group_keys.values() if k.granularity
        )
        times = times or dict.fromkeys(self._filtered_times(content["filters"]))
        if len(times) != 1:
            return
        (name,) = times
        filters = content["filters"]
        assert isinstance(filters, list)
        found = find_date_range(filters, name)
        if found is not None:
            first, last, used = found
            content["timeDimensions"] = [{"dimension": name, "dateRange": [first, last]}]
            content["filters"] = [item for item in filters if item not in used]

    def _filtered_times(self, filters: object) -> Iterator[str]:
        for item in filters if isinstance(filters, list) else ():
            member = self._members.view.members.get(str(item.get("member")))
            if member is not None and member.type == "time":
                yield member.name
            yield from self._filtered_times(item.get("and") or item.get("or"))

    def _replace(self, holder: exp.Select, clause: str) -> None:
        """Put columns of the rows of the cubes in the place of members and measures."""
        value = holder.args.get(clause)
        if clause == "expressions":
            holder.set(clause, [self._swap(item) for item in holder.expressions])
        elif value:
            holder.set(clause, self._swap(value))

    def _swap(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Filter | exp.WithinGroup):
            raise WireError(
                NOT_SUPPORTED,
                f"{node.sql(dialect='postgres')} is not supported on a view: a measure has its own "
                "filters",
                "Filter the query, or aggregate around a sub-select.",
            )
        if is_aggregate(node):
            return self._measure(node)
        if isinstance(node, exp.Column) and is_joined(node):
            return node
        key = self._group_keys.read(node)
        if key is not None:
            return self._key_column(key)
        year = self._group_keys.read_year(node) if isinstance(node, exp.Extract) else None
        if year is not None and year.name in self._asked.group_keys:
            node.set("expression", self._key_column(year))
            return node
        for name, value in list(node.args.items()):
            if isinstance(value, exp.Expression) and name != "to":
                node.set(name, self._swap(value))
            elif isinstance(value, list):
                items = [self._swap(v) if isinstance(v, exp.Expression) else v for v in value]
                node.set(name, items)
        return node

    def _key_column(self, key: GroupKey) -> exp.Column:
        if key.name not in self._asked.group_keys:
            raise WireError(
                GROUPING,
                f'column "{key.member.name.split(".", 1)[1]}" must appear in the GROUP BY clause '
                "or be used in an aggregate",
            )
        return row_column(key.name)

    def _measure(self, node: exp.Expr) -> exp.Expr:
        """The column of a measure, or an aggregate of a member over its distinct values."""
        argument, distinct = get_argument(node)
        if isinstance(argument, exp.Star | exp.Literal) or argument is None:
            return self._count_all(node)
        column = get_column(argument)
        member = None if column is None else self._members.resolve(column)
        if column is None or member is None or member.kind == "dimension":
            return self._of_dimensions(node, argument, member, distinct)
        check_aggregate(node, member, distinct)
        self._asked.measures[member.name] = member
        value: exp.Expr = row_column(member.name)
        if self._asked.rows:
            value = _of_rows(member, value)
        return value if column is argument else _put(argument, column, value)

    def _of_dimensions(
        self, node: exp.Expr, argument: exp.Expr, member: Member | None, distinct: bool
    ) -> exp.Expr:
        """An aggregate of a dimension or an expression: of its distinct values, or of its rows."""
        counts = isinstance(node, exp.Count | exp.ApproxDistinct) and distinct
        if member is not None and not (isinstance(node, _UNMOVED_BY_REPEATS) or counts):
            short = member.name.split(".", 1)[1]
            raise WireError(
                GROUPING,
                f"'{short}' is a dimension: it takes MIN, MAX and COUNT(DISTINCT {short}), not "
                f"{node.sql(dialect='postgres')}",
            )
        self._asked.regrouped = True
        value = argument.transform(self._row_value)
        if counts:
            return exp.Count(this=exp.Distinct(expressions=[value]), big_int=True)
        return type(node)(this=value)

    def _row_value(self, node: exp.Expr) -> exp.Expr:
        """What a row of the cubes has in the place of a member."""
        if not isinstance(node, exp.Column) or node.table == ROWS:
            return node
        member = self._members.resolve(node)
        if member.kind == "measure":
            self._asked.measures[member.name] = member
            return row_column(member.name)
        if member.kind == "segment":
            raise WireError(GROUPING, f"'{member.name}' is a segment; it filters rows")
        key = GroupKey(member, None)
        self._asked.group_keys[key.name] = key
        return row_column(key.name)

    def _aggregates_expressions(self) -> bool:
        """Whether an aggregate needs what single rows have: of an expression of measures, or one of
        dimensions that counts how often a value is there."""
        return any(self._needs_rows(node) for node in walk_own(self._select) if is_aggregate(node))

    def _needs_rows(self, node: exp.Expr) -> bool:
        argument, distinct = get_argument(node)
        if argument is None or isinstance(argument, exp.Star) or get_column(argument) is not None:
            return False
        members = [self._members.resolve(column) for column in argument.find_all(exp.Column)]
        if not members:
            return False
        if not isinstance(node, _OF_ROWS) or argument.find(exp.AggFunc, exp.Window, exp.Query):
            raise WireError(
                NOT_SUPPORTED,
                f"{node.sql(dialect='postgres')} aggregates an expression",
                "Aggregate a measure itself, or around a sub-select.",
            )
        measures = [member for member in members if member.kind == "measure"]
        for member in measures:
            _check_row_value(member, node)
        repeats = not (isinstance(node, _UNMOVED_BY_REPEATS) or distinct)
        return bool(measures) or repeats

    def _check_mix(self) -> None:
        """Refuse what cannot be answered from the same rows.

        Raises:
            WireError: measures beside aggregates of dimensions, measures that single rows do not
                have, or rows of a view that has several kinds of them.
        """
        measures = self._asked.measures.values()
        if self._asked.regrouped and measures and not self._asked.rows:
            raise WireError(
                NOT_SUPPORTED,
                "aggregates of rows or dimensions and measures do not go in one query",
            )
        if self._asked.rows and len(self._members.view.facts) > 1:
            raise WireError(
                NOT_SUPPORTED,
                f"the view {self._members.view.definition.name} has rows of several kinds; it "
                "aggregates measures, not expressions",
                "Aggregate a measure itself.",
            )
        for member in measures if self._computed else ():
            if not self._computed.go_with(member):
                raise WireError(
                    NOT_SUPPORTED,
                    f"'{member.name}' is computed over other periods or groups; expressions of "
                    "times, and of groups of a share or rank, do not go with it",
                    "Group and filter by members and periods themselves.",
                )

    def _count_all(self, node: exp.Expr) -> exp.Expr:
        """``COUNT(*)``: the measure that counts the rows of the view, or the rows themselves."""
        if not isinstance(node, exp.Count):
            raise WireError(NOT_SUPPORTED, f"{node.sql(dialect='postgres')} takes a measure")
        member = self._members.row_count()
        if self._asked.rows:
            return exp.Count(this=exp.Star(), big_int=True)
        if member is not None and not self._aggregates("dimension"):
            self._asked.measures[member.name] = member
            return row_column(member.name)
        if len(self._members.view.facts) > 1 or self._aggregates("measure"):
            counts = [
                m.name
                for m in self._members.view.members.values()
                if kind_of(m).startswith("count")
            ]
            known = ", ".join(name.split(".", 1)[1] for name in counts) or "none"
            raise WireError(
                GROUPING, f"COUNT(*) is no measure of this view; measures that count: {known}"
            )
        self._asked.rows = self._asked.regrouped = True
        return exp.Count(this=exp.Star(), big_int=True)

    def _aggregates(self, kind: str) -> bool:
        """Whether the query aggregates members of a kind."""
        for node in walk_own(self._select):
            argument, _ = get_argument(node) if is_aggregate(node) else (None, False)
            columns = [] if argument is None else argument.find_all(exp.Column)
            if any(self._members.resolve(column).kind == kind for column in columns):
                return True
        return False


def _check_row_value(member: Member, node: exp.Expr) -> None:
    """Refuse an expression of a measure that has no value in a single row."""
    if not adds_up(member):
        short = member.name.split(".", 1)[1]
        raise WireError(
            NOT_SUPPORTED,
            f"{node.sql(dialect='postgres')} is not supported on a view: '{short}' has no value in "
            "a single row",
            f"Write MEASURE({short}), and compute with it.",
        )


def _of_rows(member: Member, value: exp.Expr) -> exp.Expr:
    """A measure, made of what single rows contribute to it."""
    function = _ROW_AGGREGATES.get(kind_of(member))
    if function is None or not adds_up(member):
        raise WireError(
            NOT_SUPPORTED,
            f"'{member.name}' is no aggregate of single rows; it does not go with aggregates of "
            "expressions in one query",
        )
    return function(this=value)


def _put(argument: exp.Expr, column: exp.Column, value: exp.Expr) -> exp.Expr:
    """The casts around a column, around its value."""
    copy = exp.paren(argument.copy())
    (found,) = copy.find_all(exp.Column)
    assert found == column
    found.replace(value)
    return copy


def _drop_row_test(node: exp.Expr) -> exp.Expr:
    """``COUNT(*) > 0`` holds for every group: a tool writes it beside any aggregate."""
    count = node.this.unnest() if isinstance(node, exp.GT) else None
    if not isinstance(count, exp.Count) or not isinstance(count.this, exp.Star | exp.Literal):
        return node
    number = node.expression
    return exp.true() if isinstance(number, exp.Literal) and number.name == "0" else node
