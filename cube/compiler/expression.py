"""SQL of the model: templates that refer to members, parsed once into qualified syntax trees."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from cube.errors import ModelError, suggest

MemberId = tuple[str, str]
"""Cube and member, for instance ``("transaction", "amount")``."""

_REFERENCE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MEMBER_TABLE = "@member"


@dataclass(frozen=True)
class Expression:
    """A parsed template.

    Columns are qualified with the name of their cube. References to members are columns of the
    pseudo table ``@member`` until `substitute` puts the expression of the member in their place.
    """

    tree: exp.Expr
    members: frozenset[MemberId]
    cubes: frozenset[str]


@dataclass(frozen=True)
class Scope:
    """Names that a template may use: its own cube, and the members of every cube."""

    cube: str
    members: Mapping[str, Collection[str]]


def parse_expression(template: str, scope: Scope) -> Expression:
    """Parse the SQL of a member, of a join or of a measure's filter.

    Raises:
        ModelError: unknown reference, unqualified column, or SQL that does not parse.
    """
    if _COLUMN.fullmatch(template):
        return Expression(exp.column(template, scope.cube, quoted=True), frozenset(), frozenset())
    sql = _REFERENCE.sub(lambda match: _resolve(match.group(1), scope), template)
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except SqlglotError as error:
        raise ModelError(f"SQL does not parse: {template}") from error
    return _describe(tree, template)


def substitute(tree: exp.Expr, values: Mapping[MemberId, exp.Expr]) -> exp.Expr:
    """Copy of a tree with each member reference replaced by the member's own expression."""

    def replace(node: exp.Expr) -> exp.Expr:
        if not _is_member(node):
            return node
        cube, member = node.name.split(".")
        return exp.Paren(this=values[(cube, member)].copy())

    return tree.transform(replace)


def find_cubes(tree: exp.Expr) -> frozenset[str]:
    """Cubes whose columns a fully substituted tree reads."""
    return frozenset(column.table for column in tree.find_all(exp.Column))


def _resolve(reference: str, scope: Scope) -> str:
    own = scope.members[scope.cube]
    head, _, tail = reference.partition(".")
    if not tail:
        if head == "CUBE" or head in scope.members:
            return _quote(scope.cube if head == "CUBE" else head)
        head, tail = "CUBE", reference
    cube = scope.cube if head == "CUBE" else head
    if cube not in scope.members or tail not in scope.members[cube]:
        known = [*own, *scope.members]
        raise ModelError(f"{{{reference}}} is not a cube or member{suggest(reference, known)}")
    return f"{_quote(_MEMBER_TABLE)}.{_quote(f'{cube}.{tail}')}"


def _describe(tree: exp.Expr, template: str) -> Expression:
    members, cubes = set(), set()
    for column in tree.find_all(exp.Column):
        if _is_member(column):
            cube, member = column.name.split(".")
            members.add((cube, member))
        elif column.table:
            cubes.add(column.table)
            column.this.set("quoted", True)
        else:
            raise ModelError(
                f"write {{CUBE}}.{column.name} instead of {column.name} in: {template}"
            )
    return Expression(tree, frozenset(members), frozenset(cubes))


def _is_member(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.table == _MEMBER_TABLE


def _quote(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect="duckdb")
