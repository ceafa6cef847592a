"""Questions about the catalog in PostgreSQL's SQL, as DuckDB answers them.

Names of catalog tables lose ``pg_catalog``, casts to and from oids of named things become look-ups,
and what belongs to the session (its user, its settings) stands as a value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import duckdb
from sqlglot import exp

from cube.wire.catalog.oids import SYSTEM_OIDS
from cube.wire.catalog.scalars import rewrite_scalar
from cube.wire.codec.parameters import split_array
from cube.wire.errors import NOT_SUPPORTED, UNDEFINED_TABLE, WireError

_TYPES = {
    "name": "VARCHAR",
    "char": "VARCHAR",
    "oid": "UINTEGER",
    "xid": "BIGINT",
    "cardinal_number": "INTEGER",
    "sql_identifier": "VARCHAR",
    "character_data": "VARCHAR",
    "yes_or_no": "VARCHAR",
    "aclitem": "VARCHAR",
    "pg_node_tree": "VARCHAR",
}
_NAMED = {
    "regclass": "select oid from pg.pg_class where relname = ?",
    "regtype": "select oid from pg.type_display inner join pg.pg_type using (oid) "
    "where ? in (typname, display)",
    "regproc": "select oid from pg.pg_proc where proname = ?",
    "regprocedure": "select oid from pg.pg_proc where proname = ?",
    "regnamespace": "select oid from pg.pg_namespace where nspname = ?",
    "regrole": "select oid from pg.pg_roles where rolname = ?",
}
_DISPLAY = {
    "regclass": "regclass_name",
    "regproc": "regproc_name",
    "regprocedure": "regproc_name",
    "regnamespace": "regnamespace_name",
    "regrole": "regrole_name",
}
_OID = exp.DataType.build("UINTEGER", dialect="duckdb").this
_OPERATORS: dict[str, Callable[[exp.Expr, exp.Expr], exp.Expr]] = {
    "~": lambda left, right: exp.RegexpLike(this=left, expression=right),
    "!~": lambda left, right: exp.not_(exp.RegexpLike(this=left, expression=right)),
    "~*": lambda left, right: exp.RegexpILike(this=left, expression=right),
    "~~": lambda left, right: exp.Like(this=left, expression=right),
    "!~~": lambda left, right: exp.not_(exp.Like(this=left, expression=right)),
    "=": lambda left, right: exp.EQ(this=left, expression=right),
    "<>": lambda left, right: exp.NEQ(this=left, expression=right),
    "<": lambda left, right: exp.LT(this=left, expression=right),
    ">": lambda left, right: exp.GT(this=left, expression=right),
    "||": lambda left, right: exp.DPipe(this=left, expression=right),
}


@dataclass(frozen=True)
class Rewriter:
    """Rewrites for one session: its catalog, its settings, and the values of its functions."""

    catalog: duckdb.DuckDBPyConnection
    settings: Mapping[str, str]
    constants: Mapping[str, str | int]

    def rewrite(self, tree: exp.Expr) -> exp.Expr:
        """A copy of a tree for DuckDB; inner nodes go first.

        Raises:
            WireError: a cast names a table or type that there is not.
        """
        tree = tree.copy()
        for node in reversed(list(tree.walk())):
            other = self._rewrite_node(node)
            if node is tree:
                tree = other
            elif other is not node:
                node.replace(other)
        return tree

    def _rewrite_node(self, node: exp.Expr) -> exp.Expr:  # noqa: PLR0911 - one per kind of node
        match node:
            case exp.Dot(this=exp.Identifier(), expression=exp.Expression() as function):
                return function if _is_schema(node) else node
            case exp.Operator():
                return _rewrite_operator(node)
            case exp.Column() if node.name.lower() == "tableoid":
                return _name_catalog(node)
            case exp.Div() | exp.Mod() | exp.Literal() | exp.Like() | exp.ILike() | exp.Round():
                return rewrite_scalar(node)
            case exp.Collate():
                return node.this  # type: ignore[no-any-return]
            case exp.Cast():
                return self._rewrite_cast(node)
            case exp.DataType() | exp.ObjectIdentifier():
                return _rewrite_type(node)
            case exp.Any():
                return _rewrite_any(node)
            case exp.EQ(expression=exp.Any()):
                return _join_on_list(node)
            case exp.Anonymous() if node.name.upper() == "ALL":
                return _rewrite_all(node)
            case exp.ByteString() | exp.RawString():
                return exp.Literal.string(node.name)
            case exp.Func():
                return self._rewrite_function(node)
        return node

    def _rewrite_function(self, node: exp.Func) -> exp.Expr:  # noqa: PLR0911 - one per kind
        scalar = rewrite_scalar(node)
        if scalar is not node:
            return scalar
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        arguments = node.expressions if isinstance(node, exp.Anonymous) else []
        if name == "json_build_object":
            return exp.Anonymous(this="json_object", expressions=arguments)
        if name == "format":
            return _rewrite_format(list(node.iter_expressions()))
        if name in self.constants:
            value = self.constants[name]
            return exp.convert(value)
        if name in ("current_setting", "set_config") and arguments and arguments[0].is_string:
            return self._read_setting(name, arguments)
        if name in ("to_regclass", "to_regtype") and arguments and arguments[0].is_string:
            found = self._find(name.removeprefix("to_"), arguments[0].name)
            return exp.Null() if found is None else exp.Literal.number(found)
        return node

    def _read_setting(self, name: str, arguments: list[exp.Expr]) -> exp.Expr:
        """A setting of the session; ``set_config`` only says what it was asked to set."""
        if name == "set_config":
            return arguments[1].copy()
        value = self.settings.get(arguments[0].name.lower())
        return exp.Null() if value is None else exp.Literal.string(value)

    def _rewrite_cast(self, node: exp.Cast) -> exp.Expr:
        inner, name = node.this, _name_type(node.to)
        scalar = rewrite_scalar(node)
        if scalar is not node:
            return scalar
        if name in _NAMED:
            if isinstance(inner, exp.Literal) and inner.is_string and not inner.name.isdecimal():
                return exp.Literal.number(self._resolve(name, inner.name))
            if isinstance(node.parent, exp.Cast) and node.parent.to.this == _OID:
                return _look_up(name, inner)
            return _display(name, inner)
        return node

    def _resolve(self, kind: str, text: str) -> int:
        found = self._find(kind, text)
        if found is None:
            raise WireError(UNDEFINED_TABLE, f'{kind} "{text}" does not exist')
        return found

    def _find(self, kind: str, text: str) -> int | None:
        """The oid of a named thing; the schema before a point adds nothing to its name."""
        name = text.rpartition(".")[2].strip('"')
        row = self.catalog.execute(_NAMED[kind], [name]).fetchone()
        return None if row is None else int(row[0])


def _is_schema(node: exp.Dot) -> bool:
    """Whether a function or literal stands behind the name of a schema."""
    schema = node.this.name.lower() in ("pg_catalog", "information_schema")
    return schema and isinstance(node.expression, exp.Func | exp.Literal)


def _rewrite_format(arguments: list[exp.Expr]) -> exp.Expr:
    """PostgreSQL's has the places of C, and %I for names; DuckDB's has others."""
    pattern = arguments[0]
    if isinstance(pattern, exp.Literal) and pattern.is_string:
        arguments[0] = exp.Literal.string(pattern.name.replace("%I", "%s"))
    return exp.Anonymous(this="printf", expressions=arguments)


def _name_catalog(column: exp.Column) -> exp.Expr:
    """The oid of the catalog table that a row is of, which is no column in DuckDB."""
    select = column.find_ancestor(exp.Select)
    tables = select.find_all(exp.Table) if select is not None else []
    names = [t.name.lower() for t in tables if column.table in ("", t.alias_or_name)]
    return exp.Literal.number(SYSTEM_OIDS.get(names[0], 0) if names else 0)


def _name_type(kind: exp.Expr) -> str:
    """Name of a type without schema, in small letters; empty for a type of SQL."""
    is_oid = isinstance(kind, exp.ObjectIdentifier)
    inner = kind.this if is_oid else kind.args.get("kind")
    if isinstance(inner, exp.Expression):
        return (inner.expression.name if isinstance(inner, exp.Dot) else inner.name).lower()
    if isinstance(kind, exp.DataType) and kind.this == exp.DataType.Type.NAME:
        return "name"
    return str(inner or "").lower()


def _rewrite_type(kind: exp.Expr) -> exp.Expr:
    """A type that PostgreSQL knows by another name, or in a schema."""
    name = _name_type(kind)
    if name in _TYPES:
        return exp.DataType.build(_TYPES[name], dialect="duckdb")
    known = not name or name in _NAMED
    return kind if known else exp.DataType.build(name, dialect="postgres")


def _look_up(kind: str, inner: exp.Expr) -> exp.Expr:
    if kind != "regclass":
        raise WireError(NOT_SUPPORTED, f"a cast to {kind} of anything but text is not supported")
    return exp.Anonymous(this="regclass_oid", expressions=[inner])


def _display(kind: str, inner: exp.Expr) -> exp.Expr:
    if kind == "regtype":
        number = exp.Cast(this=inner, to=exp.DataType.build("UINTEGER", dialect="duckdb"))
        arguments = [number, exp.Null()]
        return exp.Anonymous(this="format_type", expressions=arguments)
    return exp.Anonymous(this=_DISPLAY[kind], expressions=[inner])


def _rewrite_operator(node: exp.Operator) -> exp.Expr:
    name = str(node.args["operator"]).rpartition(".")[2]
    if name not in _OPERATORS:
        raise WireError(NOT_SUPPORTED, f"OPERATOR({name}) is not supported")
    return _OPERATORS[name](node.this, node.expression)


def _rewrite_any(node: exp.Any) -> exp.Expr:
    """``ANY ('{a,b}')`` as a list."""
    items = _read_list(node.this)
    return node if items is None else exp.Any(this=exp.Paren(this=items))


def _rewrite_all(node: exp.Anonymous) -> exp.Expr:
    """``ALL ('{a,b}')`` as a list."""
    items = _read_list(node.expressions[0]) if len(node.expressions) == 1 else None
    return node if items is None else exp.Anonymous(this="ALL", expressions=[items])


def _join_on_list(node: exp.EQ) -> exp.Expr:
    """``a = ANY (list)`` in the condition of a join, where DuckDB takes no sub-select: its own
    ANY is one. Lists of the catalog hold no NULL, with which the two would differ."""
    inner = node.expression.this
    in_join = isinstance(node.find_ancestor(exp.Join, exp.Select), exp.Join)
    inner = inner.unnest() if isinstance(inner, exp.Paren) else inner
    if not in_join or isinstance(inner, exp.Query):
        return node
    return exp.ArrayContains(this=inner.copy(), expression=node.this.copy())


def _read_list(node: exp.Expr) -> exp.Array | None:
    """The list that an array in text stands for, also where it is cast to its type."""
    inner = node.unnest() if isinstance(node, exp.Paren) else node
    if isinstance(inner, exp.Cast) and isinstance(inner.this, exp.Literal):
        inner = inner.this
    if not (isinstance(inner, exp.Literal) and inner.is_string):
        return None
    return exp.Array(expressions=_read_items(inner.name))


def _read_items(text: str) -> list[exp.Expr]:
    """Items of an array in text. Whole numbers are numbers: DuckDB does not take the type of the
    other side, as PostgreSQL does."""
    items = split_array(text)
    are_numbers = all(item is None or item.isdecimal() for item in items)
    return [
        exp.Null()
        if item is None
        else (exp.Literal.number(item) if are_numbers else exp.Literal.string(item))
        for item in items
    ]
