"""A SELECT from one view as a query of the cubes, and a SELECT around its rows.

The query of the cubes groups by the members that the SELECT groups by and computes its measures,
under the row rules and masks of the user: it is planned by the planner of the REST protocol. What
is left (expressions over groups and measures, HAVING, ORDER BY, LIMIT) is computed from its rows.

    SELECT branch_name, MEASURE(end_balance) / 1000 AS thousands FROM balances
    WHERE month_end_date >= '2024-01-01' GROUP BY 1 HAVING MEASURE(end_balance) > 0

    SELECT "balances.branch_name", "balances.end_balance" / 1000 AS thousands
    FROM (<query of the cubes>) WHERE "balances.end_balance" > 0
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlglot import exp

from cube.server.compiled import CompiledDimension, CompiledView, Member
from cube.server.errors import QueryError, suggest
from cube.server.measures import CompiledMeasure
from cube.wire.aggregates import (
    check_aggregate,
    counts_rows_of,
    get_argument,
    has_row_value,
    is_aggregate,
    kind_of,
    name_aggregates,
    nothing_of,
    strip_casts,
)
from cube.wire.bounds import find_bounds
from cube.wire.conditions import ConditionReader, Conditions, Fold
from cube.wire.errors import GROUPING, NOT_SUPPORTED, UNDEFINED_COLUMN, UNDEFINED_TABLE, WireError
from cube.wire.names import name_projections
from cube.wire.tables import list_members

Content = dict[str, object]
"""A query of the cubes as its JSON."""

Rows = Callable[[Content], exp.Select]
"""Plans a query of the cubes under the rights of the user, and writes its rows."""

_ROWS = "rows of the cubes"
_CLAUSES = frozenset(
    [
        "with_",
        "with",
        "expressions",
        "from_",
        "from",
        "where",
        "group",
        "having",
        "order",
        "limit",
        "offset",
        "distinct",
        "kind",
        "hint",
        "windows",
        "operation_modifiers",
    ]
)
_UNMOVED_BY_REPEATS = (exp.Min, exp.Max)
_KEEPS_APART = (exp.Paren, exp.Cast, exp.Trunc)
"""What may stand around a group: none of them makes two days, periods or texts one."""


@dataclass(frozen=True)
class Key:
    """A member to group by, cut into periods where it has a granularity."""

    member: Member
    granularity: str | None

    @property
    def name(self) -> str:
        """Name of its column in the rows of the cubes."""
        return self.member.name + (f".{self.granularity}" if self.granularity else "")


@dataclass
class _Asked:
    """What a SELECT asks the cubes for."""

    keys: dict[str, Key] = field(default_factory=dict)
    measures: dict[str, Member] = field(default_factory=dict)
    regrouped: bool = False
    counts_rows: bool = False


class SemanticSelect:
    """Translates one SELECT whose FROM is one view."""

    def __init__(
        self, select: exp.Select, view: CompiledView, alias: str, rows: Rows, fold: Fold
    ) -> None:
        self._select = select
        self._view = view
        self._alias = alias
        self._rows = rows
        self._reader = ConditionReader(self._resolve, fold)
        self._asked = _Asked()
        self.notices: list[str] = []

    def translate(self) -> exp.Select:
        """The SELECT over the rows of the cubes.

        Raises:
            WireError: a clause, column or aggregate that the view cannot answer, by name.
            QueryError: a combination of members that has no meaning in the model.
        """
        self._check_clauses()
        select = self._expand()
        conditions = self._reader.read(_condition_of(select, "where"))
        if self._is_grouped(select):
            return self._grouped(select, conditions)
        return self._listed(select, conditions)

    # Shapes

    def _check_clauses(self) -> None:
        for clause, value in self._select.args.items():
            if value and clause not in _CLAUSES:
                raise WireError(
                    NOT_SUPPORTED,
                    f"{clause.rstrip('_').upper()} is not supported on a view",
                    "Put the view in a sub-select.",
                )
            items = value if isinstance(value, list) else [value]
            nodes = [item for item in items if isinstance(item, exp.Expression)]
            if clause != "with_" and any(node.find(exp.Query) for node in nodes):
                raise WireError(
                    NOT_SUPPORTED,
                    "a sub-select within a query on a view is not supported",
                    "Put the view in a sub-select, and join or filter around it.",
                )

    def _expand(self) -> exp.Select:
        """A copy with ``*`` written out, and names and numbers of outputs replaced by them."""
        select = self._select.copy()
        outputs: list[exp.Expr] = []
        for item in select.expressions:
            if isinstance(item, exp.Star) or (
                isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
            ):
                outputs += self._star(item)
            else:
                outputs.append(item)
        if not outputs:
            raise WireError(NOT_SUPPORTED, "a SELECT from a view needs columns")
        select.set("expressions", outputs)
        name_projections(select)
        aliases = {item.alias: item.this for item in select.expressions}
        for clause in ("group", "order"):
            if select.args.get(clause):
                self._refer(select, clause, aliases)
        return select

    def _star(self, item: exp.Expr) -> list[exp.Expr]:
        if isinstance(item, exp.Column) and item.table.lower() not in self._own_names():
            raise WireError(UNDEFINED_TABLE, f"there is no table '{item.table}' in this query")
        if item.args.get("except_") or item.args.get("replace"):
            raise WireError(NOT_SUPPORTED, "* EXCEPT and * REPLACE are not supported")
        short = (member.name.split(".", 1)[1] for member in list_members(self._view))
        return [exp.column(name, quoted=True) for name in short]

    def _refer(self, select: exp.Select, clause: str, aliases: dict[str, exp.Expr]) -> None:
        """``GROUP BY 1`` and ``ORDER BY name`` mean an output; a member's name goes first when
        grouping, the output's when ordering, as in PostgreSQL."""
        node = select.args[clause]
        if clause == "group" and any(v for k, v in node.args.items() if k != "expressions"):
            raise WireError(NOT_SUPPORTED, "grouping sets, ROLLUP and CUBE need a sub-select")
        for item in list(node.expressions):
            target = item.this if isinstance(item, exp.Ordered) else item
            found = self._output(target, clause, select.expressions, aliases)
            if found is not None:
                target.replace(found.copy())

    def _output(
        self,
        target: exp.Expr,
        clause: str,
        outputs: list[exp.Expr],
        aliases: dict[str, exp.Expr],
    ) -> exp.Expr | None:
        if isinstance(target, exp.Literal) and not target.is_string:
            place = int(target.name) if target.name.isdecimal() else 0
            if not 1 <= place <= len(outputs):
                raise WireError("42P10", f"{clause.upper()} BY position {target.name} is not there")
            return outputs[place - 1].this  # type: ignore[no-any-return]
        if isinstance(target, exp.Column) and not target.table:
            name = _fold_name(target.this)
            is_member = f"{self._view.definition.name}.{name}" in self._view.members
            if name in aliases and not (clause == "group" and is_member):
                return aliases[name]
        return None

    def _is_grouped(self, select: exp.Select) -> bool:
        if any(select.args.get(clause) for clause in ("group", "having", "distinct")):
            return True
        return any(is_aggregate(node) for item in select.expressions for node in item.walk())

    # Grouped

    def _grouped(self, select: exp.Select, conditions: Conditions) -> exp.Select:
        group = select.args.get("group")
        for item in group.expressions if group else self._distinct_items(select):
            self._add_key(item)
        grouped = list(self._asked.keys)
        outer = select.copy()
        for clause in ("expressions", "having", "order"):
            self._replace(outer, clause)
        if self._asked.regrouped and self._asked.measures:
            raise WireError(
                NOT_SUPPORTED,
                "aggregates of rows or dimensions and measures do not go in one query",
            )
        self._finish(outer, self._rows(self._content(conditions)), conditions)
        if self._asked.regrouped:
            keys = [exp.column(name, _ROWS, quoted=True) for name in grouped]
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
        return [node for item in select.expressions for node in _find_keys(item)]

    def _break_ties(self, outer: exp.Select, grouped: list[str]) -> None:
        """Pages must not overlap: rows of equal order come in the order of the groups."""
        limited = outer.args.get("limit") or outer.args.get("offset")
        if not limited or outer.args.get("distinct"):
            return
        keys = [exp.Ordered(this=exp.column(name, _ROWS, quoted=True)) for name in grouped]
        if keys:
            outer.order_by(*keys, copy=False)

    def _content(self, conditions: Conditions) -> Content:
        content: Content = {
            "dimensions": [key.name for key in self._asked.keys.values()],
            "measures": list(self._asked.measures),
            "filters": conditions.filters,
            "segments": conditions.segments,
            "order": [],
        }
        if self._asked.counts_rows:
            names = list(self._asked.keys) or [self._first_dimension().name]
            return {**content, "dimensions": names, "ungrouped": True}
        self._set_range(content)
        return content

    def _set_range(self, content: Content) -> None:
        """Bounds of the time that the query groups by as its date range: windows need one."""
        times = dict.fromkeys(k.member.name for k in self._asked.keys.values() if k.granularity)
        if len(times) != 1:
            return
        (name,) = times
        filters = content["filters"]
        assert isinstance(filters, list)
        bounds = find_bounds(filters, name)
        if bounds is not None:
            first, last, used = bounds
            content["timeDimensions"] = [{"dimension": name, "dateRange": [first, last]}]
            content["filters"] = [item for item in filters if item not in used]

    # Expressions

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
        key = self._read_key(node)
        if key is not None:
            return self._key_column(key)
        year = self._read_year(node) if isinstance(node, exp.Extract) else None
        if year is not None and year.name in self._asked.keys:
            node.set("expression", self._key_column(year))
            return node
        for name, value in list(node.args.items()):
            if isinstance(value, exp.Expression) and name != "to":
                node.set(name, self._swap(value))
            elif isinstance(value, list):
                items = [self._swap(v) if isinstance(v, exp.Expression) else v for v in value]
                node.set(name, items)
        return node

    def _key_column(self, key: Key) -> exp.Column:
        if key.name not in self._asked.keys:
            raise WireError(
                GROUPING,
                f'column "{key.member.name.split(".", 1)[1]}" must appear in the GROUP BY clause '
                "or be used in an aggregate",
            )
        return exp.column(key.name, _ROWS, quoted=True)

    def _add_key(self, item: exp.Expr) -> None:
        """A group: a member, a period, or a value that tells one from the other."""
        node = item
        key = self._read_key(node)
        while key is None and isinstance(node, _KEEPS_APART):
            node = node.this
            key = self._read_key(node)
        if key is None and isinstance(node, exp.Extract):
            key = self._read_year(node)
        if key is None:
            raise WireError(
                NOT_SUPPORTED,
                f"cannot group by {item.sql(dialect='postgres')}",
                "Group by a member, by date_trunc of a time, or around a sub-select.",
            )
        self._asked.keys[key.name] = key

    def _read_key(self, node: exp.Expr) -> Key | None:
        """The dimension that a column, or a time cut to its period, stands for."""
        if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
            column = strip_casts(node.this)
            unit = node.args["unit"].name.lower()
            return self._read_period(column, unit) if isinstance(column, exp.Column) else None
        if isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.DATE:
            return self._read_day(strip_casts(node.this))
        if not isinstance(node, exp.Column):
            return None
        member = self._resolve(node)
        if member.kind == "dimension":
            return Key(member, None)
        short = member.name.split(".", 1)[1]
        if member.kind == "segment":
            raise WireError(
                NOT_SUPPORTED,
                f"the segment '{short}' filters rows; it cannot be shown or grouped by",
            )
        raise WireError(GROUPING, f"'{short}' is a measure; write {name_aggregates(member)}")

    def _read_period(self, column: exp.Column, unit: str) -> Key:
        member = self._resolve(column)
        self._check_unit(member, unit)
        return Key(member, unit)

    def _read_day(self, column: exp.Expr) -> Key | None:
        """A time as its day; a calendar day already is one."""
        if not isinstance(column, exp.Column):
            return None
        member = self._resolve(column)
        is_day = isinstance(member.source, CompiledDimension) and member.source.is_day
        return None if member.type != "time" or is_day else Key(member, "day")

    def _read_year(self, node: exp.Extract) -> Key | None:
        """The year of a time tells its years apart; its month does not tell its months apart."""
        column = strip_casts(node.expression)
        if not isinstance(column, exp.Column) or node.name.upper() != "YEAR":
            return None
        member = self._resolve(column)
        return Key(member, "year") if member.type == "time" else None

    def _check_unit(self, member: Member, unit: str) -> None:
        known = getattr(member.source, "granularities", {})
        if unit not in known:
            raise WireError(
                NOT_SUPPORTED,
                f"'{unit}' is not a granularity of '{member.name}'{suggest(unit, known)}",
            )

    def _measure(self, node: exp.Expr) -> exp.Expr:
        """The column of a measure, or an aggregate of a member over its distinct values."""
        argument, distinct = get_argument(node)
        if isinstance(argument, exp.Star | exp.Literal) or argument is None:
            return self._count_all(node)
        key = None
        if not isinstance(argument, exp.Column):
            raise WireError(
                NOT_SUPPORTED,
                f"{node.sql(dialect='postgres')} aggregates an expression",
                "Aggregate a measure itself, or around a sub-select.",
            )
        member = self._resolve(argument)
        if member.kind == "dimension":
            key = Key(member, None)
            return self._regroup(node, key, distinct)
        check_aggregate(node, member, distinct)
        self._asked.measures[member.name] = member
        return exp.column(member.name, _ROWS, quoted=True)

    def _regroup(self, node: exp.Expr, key: Key, distinct: bool) -> exp.Expr:
        """An extreme or a count of the distinct values of a dimension."""
        short = key.member.name.split(".", 1)[1]
        if not (
            isinstance(node, _UNMOVED_BY_REPEATS) or (isinstance(node, exp.Count) and distinct)
        ):
            raise WireError(
                GROUPING,
                f"'{short}' is a dimension: it takes MIN, MAX and COUNT(DISTINCT {short}), not "
                f"{node.sql(dialect='postgres')}",
            )
        self._asked.regrouped = True
        self._asked.keys[key.name] = key
        column = exp.column(key.name, _ROWS, quoted=True)
        if isinstance(node, exp.Count):
            return exp.Count(this=exp.Distinct(expressions=[column]), big_int=True)
        return type(node)(this=column)

    def _count_all(self, node: exp.Expr) -> exp.Expr:
        """``COUNT(*)``: the measure that counts the rows of the view, or the rows themselves."""
        if not isinstance(node, exp.Count):
            raise WireError(NOT_SUPPORTED, f"{node.sql(dialect='postgres')} takes a measure")
        member = self._row_count()
        if member is not None and not self._aggregates("dimension"):
            self._asked.measures[member.name] = member
            return exp.column(member.name, _ROWS, quoted=True)
        if len(self._view.facts) > 1 or self._aggregates("measure"):
            counts = [m.name for m in self._view.members.values() if kind_of(m).startswith("count")]
            known = ", ".join(name.split(".", 1)[1] for name in counts) or "none"
            raise WireError(
                GROUPING, f"COUNT(*) is no measure of this view; measures that count: {known}"
            )
        self._asked.counts_rows = self._asked.regrouped = True
        return exp.Count(this=exp.Star(), big_int=True)

    def _aggregates(self, kind: str) -> bool:
        """Whether the query aggregates members of a kind."""
        for node in filter(is_aggregate, self._select.walk()):
            argument, _ = get_argument(node)
            if isinstance(argument, exp.Column) and self._resolve(argument).kind == kind:
                return True
        return False

    def _row_count(self) -> Member | None:
        """The measure without filters that counts the rows of the only fact of the view."""
        facts = list(self._view.facts)
        for member in self._view.members.values():
            source = member.source
            if kind_of(member) != "count" or not isinstance(source, CompiledMeasure):
                continue
            parts = list(source.parts.values())
            if all(counts_rows_of(part, facts) for part in parts) and len(facts) == len(parts) == 1:
                return member
        return None

    def _first_dimension(self) -> Member:
        """A dimension of the fact itself, which joins nothing."""
        dimensions = [m for m in self._view.members.values() if m.kind == "dimension"]
        return min(dimensions, key=lambda member: member.source.id[0] != member.root)

    # Rows one by one

    def _listed(self, select: exp.Select, conditions: Conditions) -> exp.Select:
        """Rows of the fact, each with what it brings to its measures."""
        members = {m.name: m for m in self._columns_of(select)}
        dimensions = [m for m in members.values() if m.kind == "dimension"]
        if members and not dimensions:
            raise WireError(
                NOT_SUPPORTED, "a list of rows needs a dimension; write MEASURE(...) for a total"
            )
        dimensions = dimensions or [self._first_dimension()]
        measures = [m.name for m in members.values() if m.kind == "measure" and has_row_value(m)]
        content: Content = {
            "dimensions": [member.name for member in dimensions],
            "filters": conditions.filters,
            "segments": conditions.segments,
            "order": [],
            "ungrouped": True,
        }
        inner, shown = self._list_rows(content, measures)
        empty = [n for n, m in members.items() if m.kind != "dimension" and n not in shown]
        if empty:
            names = ", ".join(name.split(".", 1)[1] for name in empty)
            self.notices.append(f"no value in a single row, so empty here: {names}")
        outer = select.copy()
        for clause in ("expressions", "order"):
            if outer.args.get(clause):
                self._show_members(outer, clause, empty)
        self._finish(outer, inner, conditions)
        return outer

    def _list_rows(self, content: Content, measures: list[str]) -> tuple[exp.Select, list[str]]:
        """The rows, with the measures if they are of the fact whose rows they are."""
        if measures:
            try:
                return self._rows({**content, "measures": measures}), measures
            except QueryError:
                # Measures of several facts, or of another one: the rows alone are told.
                pass
        return self._rows(content), []

    def _columns_of(self, select: exp.Select) -> list[Member]:
        clauses = [*select.expressions, select.args.get("order")]
        return [
            self._resolve(column)
            for clause in clauses
            if clause is not None
            for column in clause.find_all(exp.Column)
        ]

    def _show_members(self, outer: exp.Select, clause: str, empty: list[str]) -> None:
        def show(node: exp.Expr) -> exp.Expr:
            if not isinstance(node, exp.Column) or node.table == _ROWS:
                return node
            member = self._resolve(node)
            if member.name in empty:
                return exp.Cast(this=exp.Null(), to=nothing_of(member))
            return exp.column(member.name, _ROWS, quoted=True)

        value = outer.args[clause]
        if isinstance(value, list):
            outer.set(clause, [item.transform(show) for item in value])
        else:
            outer.set(clause, value.transform(show))

    # Names

    def _own_names(self) -> set[str]:
        return {self._alias.lower(), self._view.definition.name}

    def _resolve(self, column: exp.Column) -> Member:
        """The member that a column names."""
        name = _fold_name(column.this)
        if column.table and column.table.lower() not in self._own_names():
            raise WireError(UNDEFINED_TABLE, f"there is no table '{column.table}' in this query")
        full = f"{self._view.definition.name}.{name}"
        if full not in self._view.members:
            known = [member.split(".", 1)[1] for member in self._view.members]
            raise WireError(
                UNDEFINED_COLUMN,
                f'column "{name}" does not exist in {self._view.definition.name}'
                f"{suggest(name, known)}",
            )
        return self._view.members[full]

    def _finish(self, outer: exp.Select, inner: exp.Select, conditions: Conditions) -> None:
        outer.set("where", None)
        outer.set("from_", exp.From(this=inner.subquery(exp.to_identifier(_ROWS, quoted=True))))
        if conditions.nothing:
            outer.where(exp.false(), copy=False)


def _condition_of(select: exp.Select, clause: str) -> exp.Expr | None:
    node = select.args.get(clause)
    return None if node is None else node.this


def _find_keys(node: exp.Expr) -> list[exp.Expr]:
    """Columns and periods within an output, but not what it aggregates."""
    if is_aggregate(node):
        return []
    if isinstance(node, exp.Column | exp.TimestampTrunc | exp.DateTrunc):
        return [node]
    return [found for inner in node.iter_expressions() for found in _find_keys(inner)]


def _fold_name(identifier: exp.Expr) -> str:
    quoted = isinstance(identifier, exp.Identifier) and identifier.args.get("quoted")
    return identifier.name if quoted else identifier.name.lower()
