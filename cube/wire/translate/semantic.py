"""A SELECT from one view as a query of the cubes, and a SELECT around its rows.

The query of the cubes groups by the members that the SELECT groups by and computes its measures,
under the row rules and masks of the user: it is planned by the planner of the REST protocol. What
is left (expressions over groups and measures, HAVING, ORDER BY, LIMIT) is computed from its rows.

    SELECT branch_name, MEASURE(deposit_end_balance) / 1000 AS thousands FROM balances
    WHERE month_end_date >= '2024-01-01' GROUP BY 1 HAVING MEASURE(deposit_end_balance) > 0

    SELECT "balances.branch_name", "balances.deposit_end_balance" / 1000 AS thousands
    FROM (<query of the cubes>) WHERE "balances.deposit_end_balance" > 0
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from cube.compiler.compiled import CompiledView, Member
from cube.wire.errors import NOT_SUPPORTED, WireError
from cube.wire.translate.aggregates import is_aggregate
from cube.wire.translate.computed import ComputedDimensions
from cube.wire.translate.cube_rows import Content, ViewRows
from cube.wire.translate.grouped import GroupedSelect
from cube.wire.translate.members import Members
from cube.wire.translate.outputs import expand_outputs
from cube.wire.translate.semi_joins import cannot_join
from cube.wire.translate.ungrouped import UngroupedSelect
from cube.wire.translate.where import ConditionReader, Fold

_CLAUSES = frozenset(
    [
        "with_",
        "with",
        "expressions",
        "from_",
        "from",
        "joins",
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


class SemanticSelect:
    """Translates one SELECT whose FROM is one view; ``notices`` are for the client."""

    def __init__(
        self,
        select: exp.Select,
        view: CompiledView,
        alias: str,
        rows: ViewRows,
        fold: Fold,
        *,
        is_time: Callable[[Member], bool],
        guarded: bool,
    ) -> None:
        self._select = select
        self._members = Members(view, alias)
        self._computed = ComputedDimensions(self._members, is_time, guarded=guarded)
        self._reader = ConditionReader(self._members.resolve, fold, self._computed)
        self._read_rows = rows
        self.notices: list[str] = []

    def translate(self) -> exp.Select:
        """The SELECT over the rows of the cubes.

        Raises:
            WireError: a clause, column or aggregate that the view cannot answer, by name.
            QueryError: a combination of members that has no meaning in the model.
        """
        _check_clauses(self._select)
        select = expand_outputs(self._select, self._members)
        where = select.args.get("where")
        conditions = self._reader.read(None if where is None else where.this)
        if _is_grouped(select):
            grouped = GroupedSelect(select, self._members, self._rows, self._computed)
            return grouped.translate(conditions)
        if select.args.get("joins"):
            raise cannot_join(self._members.view.definition.name)
        ungrouped = UngroupedSelect(self._members, self._rows)
        outer = ungrouped.translate(select, conditions)
        self.notices += ungrouped.notices
        return outer

    def _rows(self, content: Content) -> exp.Select:
        """Rows of the view, its computed dimensions among its members."""
        return self._read_rows(content, self._computed.extend(self._members.view))


def _check_clauses(select: exp.Select) -> None:
    for clause, value in select.args.items():
        if value and clause not in _CLAUSES:
            raise WireError(
                NOT_SUPPORTED,
                f"{clause.rstrip('_').upper()} is not supported on a view",
                "Put the view in a sub-select.",
            )
        items = value if isinstance(value, list) else [value]
        nodes = [item for item in items if isinstance(item, exp.Expression)]
        if clause not in ("with_", "joins") and any(node.find(exp.Query) for node in nodes):
            raise WireError(
                NOT_SUPPORTED,
                "a sub-select within a query on a view is not supported",
                "Put the view in a sub-select, and join or filter around it.",
            )


def _is_grouped(select: exp.Select) -> bool:
    if any(select.args.get(clause) for clause in ("group", "having", "distinct")):
        return True
    return any(is_aggregate(node) for item in select.expressions for node in item.walk())
