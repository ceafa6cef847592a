"""From a statement of a client to one that is run: on the catalog, or on the published version.

Every table that a statement reads is found here, or the statement is refused: a view of the cubes
becomes a query of the cubes with the user's row rules, a mart is read by administrators, and what
belongs to the catalog goes to the catalog. Nothing else can be read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sqlglot import exp

from cube.compiler.compiled import CompiledView, Member
from cube.compiler.values import Value
from cube.errors import suggest
from cube.planner.prepare import PlanningContext, prepare
from cube.planner.resolver import Resolver
from cube.query.query import parse_query
from cube.wire.catalog.rewrite import Rewriter
from cube.wire.catalog.store import catalog_tables
from cube.wire.catalog.tables import CUBES, MARTS
from cube.wire.errors import FORBIDDEN, NOT_SUPPORTED, UNDEFINED_TABLE, WireError
from cube.wire.translate.cube_rows import Content
from cube.wire.translate.flatten import flatten_lists
from cube.wire.translate.functions import CATALOG, PLAIN, check_functions
from cube.wire.translate.names import name_projections
from cube.wire.translate.semantic import SemanticSelect
from cube.wire.translate.semi_joins import cannot_join, mark_unique

DATABASE = "bankcrm"
Place = Literal["catalog", "warehouse"]

_NO_LIMIT = 2**62
_SYSTEM = ("pg_catalog", "information_schema")


@dataclass(frozen=True)
class Compiled:
    """A statement of DuckDB, where it is run, and the notices for the client."""

    place: Place
    sql: str
    parameters: tuple[Value | int, ...]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reader:
    """What a statement is compiled for: the user's access on a version, and the catalog.

    ``marts`` are the tables that may be read beside the cubes, None where the user may read none.
    """

    context: PlanningContext
    marts: frozenset[str] | None
    rewriter: Rewriter
    search_path: tuple[str, ...] = (CUBES, MARTS)


def compile_query(tree: exp.Expr, reader: Reader) -> Compiled:
    """A query without parameters.

    Raises:
        WireError: it reads what is not there or not allowed, or asks for what is not supported.
        QueryError: a combination of members that has no meaning in the model.
    """
    return _Compiler(tree, reader).compile()


class _Compiler:
    def __init__(self, tree: exp.Expr, reader: Reader) -> None:
        self._tree = tree.copy()
        self._reader = reader
        self._parameters: list[Value | int] = []
        self._notices: list[str] = []

    def compile(self) -> Compiled:
        places = {self._find_table(table) for table in self._tables()} - {""}
        if not places or places <= set(_SYSTEM):
            return self._for_catalog()
        if places & set(_SYSTEM):
            raise WireError(NOT_SUPPORTED, "the catalog and other tables do not go in one query")
        return self._for_warehouse()

    def _tables(self) -> list[exp.Table]:
        return list(self._tree.find_all(exp.Table))

    def _for_catalog(self) -> Compiled:
        check_functions(self._tree, CATALOG)
        self._qualify()
        for select in self._tree.find_all(exp.Select):
            name_projections(select)
        tree = self._reader.rewriter.rewrite(self._set_clock(self._tree))
        return Compiled("catalog", tree.sql(dialect="duckdb"), ())

    def _for_warehouse(self) -> Compiled:
        check_functions(self._tree, PLAIN | {"measure"})
        self._qualify()
        for select in self._tree.find_all(exp.Select):
            name_projections(select)
        self._tree = self._reader.rewriter.rewrite(self._set_clock(self._tree))
        for select in reversed(list(self._tree.find_all(exp.Select))):
            flatten_lists(select, self._view_of)
        selects = list(self._tree.find_all(exp.Select))
        for select in selects:
            mark_unique(select)
        for select in reversed(selects):
            view = self._view_of(select)
            if view is None:
                _check_no_measures(select)
                name_projections(select)
            else:
                self._translate(select, view)
        sql = self._tree.sql(dialect="duckdb")
        return Compiled("warehouse", sql, tuple(self._parameters), tuple(self._notices))

    def _qualify(self) -> None:
        """Say of each table where it is. Common table expressions get names that no table of DuckDB
        has, so that a name out of its scope finds nothing instead of one of its system views."""
        places = [(table, self._find_table(table)) for table in self._tables()]
        for table, schema in places:
            if schema:
                full = f"{schema}.{table.name.lower()}"
                place = catalog_tables().get(full, schema)
                table.set("db", exp.to_identifier(place))
                table.set("catalog", None)
            elif not isinstance(table.this, exp.Identifier):
                table.set("db", None)
                _name_column(table)
            else:
                if not table.alias:
                    table.set("alias", exp.TableAlias(this=table.this.copy()))
                table.set("this", _rename(table.this))
        for cte in self._tree.find_all(exp.CTE):
            cte.args["alias"].set("this", _rename(cte.args["alias"].this))
        for column in self._tree.find_all(exp.Column):
            column.set("db", None)
            column.set("catalog", None)

    # Tables

    def _find_table(self, table: exp.Table) -> str:
        """Schema of a table, empty for the name of a common table expression or a function.

        Raises:
            WireError: there is no such table, as far as the user may know.
        """
        if not isinstance(table.this, exp.Identifier):
            return ""
        schema, name = (
            table.db.lower(),
            table.name if _is_quoted(table.this) else table.name.lower(),
        )
        if table.catalog and table.catalog.lower() != DATABASE:
            raise WireError(NOT_SUPPORTED, f'there is no other database: "{table.catalog}"')
        if not schema and (name in _common_names(table) or name.startswith("query ")):
            return ""
        for candidate in [schema] if schema else ["pg_catalog", *self._reader.search_path]:
            if self._has(candidate, name):
                return candidate
        raise self._no_table(schema, name)

    def _has(self, schema: str, name: str) -> bool:
        if schema == CUBES:
            view = self._reader.context.access.views.get(name)
            return view is not None and view.definition.public
        if schema == MARTS:
            return self._reader.marts is not None and name in self._reader.marts
        return f"{schema}.{name}" in catalog_tables()

    def _no_table(self, schema: str, name: str) -> WireError:
        if schema == MARTS and self._reader.marts is None:
            return WireError(
                FORBIDDEN,
                "the marts are read by administrators only",
                f"Read the views in the schema {CUBES}: they answer within your rights.",
            )
        known = [*self._reader.context.access.views, *(self._reader.marts or ())]
        full = f"{schema}.{name}" if schema else name
        return WireError(UNDEFINED_TABLE, f'relation "{full}" does not exist{suggest(name, known)}')

    # Views

    def _view_of(self, select: exp.Select) -> CompiledView | None:
        """The view that is the whole FROM of a SELECT.

        Raises:
            WireError: views are joined with each other or with tables.
        """
        source = select.args.get("from_")
        joins = [join.this for join in select.args.get("joins") or []]
        tables = [t for t in ([source.this] if source else []) + joins if isinstance(t, exp.Table)]
        views = [table for table in tables if self._find_table(table) == CUBES]
        if not views:
            return None
        picks_groups = all(isinstance(joined, exp.Subquery) for joined in joins)
        leads = source is not None and source.this is views[0]
        if not leads or not picks_groups or select.args.get("laterals"):
            raise cannot_join(views[0].name)
        return self._reader.context.access.views[views[0].name.lower()]

    def _translate(self, select: exp.Select, view: CompiledView) -> None:
        table = select.args["from_"].this
        alias = table.args.get("alias")
        if table.args.get("joins") or table.args.get("pivots") or table.args.get("sample"):
            raise WireError(NOT_SUPPORTED, f"the view {table.name} stands alone in FROM")
        if alias is not None and alias.args.get("columns"):
            raise WireError(NOT_SUPPORTED, "columns are renamed by AS in the SELECT")
        rules = self._reader.context.access.rules.values()
        semantic = SemanticSelect(
            select,
            view,
            table.alias_or_name,
            self._rows,
            self._fold,
            is_time=self._is_time,
            guarded=any(rule is not None for rule in rules),
        )
        outer = semantic.translate()
        self._notices += semantic.notices
        for key in list(select.args):
            select.set(key, outer.args.get(key))
        for key, value in outer.args.items():
            select.set(key, value)

    def _rows(self, content: Content, view: CompiledView) -> exp.Select:
        own = self._reader.context
        views = {**own.access.views, view.definition.name: view}
        context = replace(own, access=replace(own.access, views=views))
        select = prepare(parse_query(content), context).write_select(self._parameters)
        if any(rule is not None for rule in context.access.rules.values()):
            # DuckDB moves conditions into a sub-select, before its row rules: a cast that fails
            # would reveal rows that the user may not see. It moves none beyond a limit.
            self._parameters.append(_NO_LIMIT)
            number = exp.Literal.number(len(self._parameters))
            select = select.limit(exp.Parameter(this=number), copy=False)
        return select

    def _is_time(self, member: Member) -> bool:
        """Whether a member is a time, or describes the days of a calendar."""
        context = self._reader.context
        days = Resolver(context.model, context.access).has_days(member.source.id[0])
        return member.type == "time" or days

    def _fold(self, node: exp.Expr) -> object:
        """Value of an expression without columns, computed in the empty catalog."""
        match node:
            case exp.Literal():
                return node.name if node.is_string else exp.Literal.number(node.name).to_py()
            case exp.Boolean():
                return bool(node.this)
            case exp.Null():
                return None
        sql = exp.select(node.copy()).sql(dialect="duckdb")
        row = self._reader.rewriter.catalog.execute(sql).fetchone()
        return None if row is None else row[0]

    def _set_clock(self, tree: exp.Expr) -> exp.Expr:
        """Today is the business date of the version, as in the date ranges of the cubes."""
        day = exp.cast(exp.Literal.string(self._reader.context.today.isoformat()), "date")

        def replace_node(node: exp.Expr) -> exp.Expr:
            match node:
                case exp.CurrentDate():
                    return day.copy()
                case exp.CurrentTimestamp() | exp.Localtimestamp():
                    return exp.cast(day.copy(), "timestamp")
            return node

        return tree.transform(replace_node)


def _check_no_measures(select: exp.Select) -> None:
    """MEASURE is known on a view only."""
    for node in select.walk(prune=lambda n: isinstance(n, exp.Query) and n is not select):
        if isinstance(node, exp.Anonymous) and node.name.lower() == "measure":
            raise WireError(NOT_SUPPORTED, "MEASURE(...) is used in a query on a view")


def find_schemas(search_path: str) -> tuple[str, ...]:
    """Schemas of a search path that tables can be in."""
    names = [name.strip().strip('"').lower() for name in search_path.split(",")]
    return tuple(name for name in names if name in (CUBES, MARTS))


def _common_names(node: exp.Expr) -> set[str]:
    """Names of the common table expressions that a table may mean."""
    names: set[str] = set()
    parent = node.parent
    while parent is not None:
        clause = parent.args.get("with_")
        if clause is not None:
            names |= {cte.alias for cte in clause.expressions}
            names |= {cte.alias.lower() for cte in clause.expressions}
        parent = parent.parent
    return names


def _name_column(table: exp.Table) -> None:
    """The rows of a function have one column, which PostgreSQL calls like the function's alias."""
    alias = table.args.get("alias")
    if alias is not None and not alias.args.get("columns"):
        alias.set("columns", [alias.this.copy()])


def _rename(identifier: exp.Expr) -> exp.Identifier:
    quoted = bool(identifier.args.get("quoted"))
    name = identifier.name if quoted else identifier.name.lower()
    return exp.to_identifier(f"query {name}", quoted=True)


def _is_quoted(identifier: exp.Identifier) -> bool:
    return bool(identifier.args.get("quoted"))
