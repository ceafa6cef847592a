"""The members of the view that a SELECT reads, by the names that it gives them."""

from __future__ import annotations

from sqlglot import exp

from cube.compiler.compiled import CompiledView, Member
from cube.compiler.measures import CompiledMeasure
from cube.errors import suggest
from cube.wire.errors import UNDEFINED_COLUMN, UNDEFINED_TABLE, WireError
from cube.wire.translate.aggregates import counts_rows_of, kind_of


class Members:
    """Members of one view, which the SELECT may call by an alias."""

    def __init__(self, view: CompiledView, alias: str) -> None:
        self.view = view
        self._alias = alias

    def check_table(self, name: str) -> None:
        """Refuse a table's name before a column that is not the view's.

        Raises:
            WireError: there is no such table.
        """
        if name and name.lower() not in (self._alias.lower(), self.view.definition.name):
            raise WireError(UNDEFINED_TABLE, f"there is no table '{name}' in this query")

    def has(self, name: str) -> bool:
        """Whether the view has a member of a short name."""
        return f"{self.view.definition.name}.{name}" in self.view.members

    def resolve(self, column: exp.Column) -> Member:
        """The member that a column names.

        Raises:
            WireError: the view has none of that name, or the column is another table's.
        """
        name = fold_name(column.this)
        self.check_table(column.table)
        full = f"{self.view.definition.name}.{name}"
        if full not in self.view.members:
            known = [member.split(".", 1)[1] for member in self.view.members]
            raise WireError(
                UNDEFINED_COLUMN,
                f'column "{name}" does not exist in {self.view.definition.name}'
                f"{suggest(name, known)}",
            )
        return self.view.members[full]

    def row_count(self) -> Member | None:
        """The measure without filters that counts the rows of the only fact of the view."""
        facts = list(self.view.facts)
        for member in self.view.members.values():
            source = member.source
            if kind_of(member) != "count" or not isinstance(source, CompiledMeasure):
                continue
            components = list(source.components.values())
            if len(facts) == len(components) == 1 and counts_rows_of(components[0], facts):
                return member
        return None

    def first_dimension(self) -> Member:
        """A dimension of the fact itself, which joins nothing; no time, which windows mind."""
        dimensions = [m for m in self.view.members.values() if m.kind == "dimension"]
        return min(dimensions, key=lambda m: (m.source.id[0] != m.root, m.type == "time"))


def fold_name(identifier: exp.Expr) -> str:
    """A name as PostgreSQL keeps it."""
    quoted = isinstance(identifier, exp.Identifier) and identifier.args.get("quoted")
    return identifier.name if quoted else identifier.name.lower()
