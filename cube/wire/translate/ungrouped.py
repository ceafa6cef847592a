"""A SELECT without groups: rows of the fact, each with what it contributes to its measures."""

from __future__ import annotations

from sqlglot import exp

from cube.compiler.compiled import Member
from cube.errors import QueryError
from cube.wire.errors import NOT_SUPPORTED, WireError
from cube.wire.translate.aggregates import has_row_value, nothing_of
from cube.wire.translate.cube_rows import ROWS, Content, Rows, row_column, set_source
from cube.wire.translate.members import Members
from cube.wire.translate.where import Conditions


class UngroupedSelect:
    """Translates one; ``notices`` are for the client."""

    def __init__(self, members: Members, rows: Rows) -> None:
        self._members = members
        self._rows = rows
        self.notices: list[str] = []

    def translate(self, select: exp.Select, conditions: Conditions) -> exp.Select:
        """The SELECT over the rows of the cubes.

        Raises:
            WireError: there is no dimension to list, or a column that is not there.
        """
        members = {m.name: m for m in self._columns_of(select)}
        dimensions = [m for m in members.values() if m.kind == "dimension"]
        if members and not dimensions:
            raise WireError(
                NOT_SUPPORTED, "a list of rows needs a dimension; write MEASURE(...) for a total"
            )
        dimensions = dimensions or [self._members.first_dimension()]
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
        set_source(outer, inner, nothing=conditions.nothing)
        return outer

    def _list_rows(self, content: Content, measures: list[str]) -> tuple[exp.Select, list[str]]:
        """The rows, with the measures if they are of the fact whose rows they are."""
        if measures:
            try:
                return self._rows({**content, "measures": measures}), measures
            except QueryError:
                # Measures of several facts, or of another one: the rows come without them.
                pass
        return self._rows(content), []

    def _columns_of(self, select: exp.Select) -> list[Member]:
        clauses = [*select.expressions, select.args.get("order")]
        return [
            self._members.resolve(column)
            for clause in clauses
            if clause is not None
            for column in clause.find_all(exp.Column)
        ]

    def _show_members(self, outer: exp.Select, clause: str, empty: list[str]) -> None:
        def show(node: exp.Expr) -> exp.Expr:
            if not isinstance(node, exp.Column) or node.table == ROWS:
                return node
            member = self._members.resolve(node)
            if member.name in empty:
                return exp.Cast(this=exp.Null(), to=nothing_of(member))
            return row_column(member.name)

        value = outer.args[clause]
        if isinstance(value, list):
            outer.set(clause, [item.transform(show) for item in value])
        else:
            outer.set(clause, value.transform(show))
