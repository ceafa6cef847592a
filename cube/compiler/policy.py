"""Access policies of the model, checked once: the row rules of cubes, the member lists of views.

A row rule compares a dimension of its cube with claims of the token, written as in a stock Cube:
``"/{ securityContext.branch_id }/"``. A claim that is absent, empty, or not of the member's type
matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any, Literal

from cube.compiler.compiled import CompiledCube, CompiledView, Member
from cube.compiler.definition import AllRows, AnyRow, CubePolicy, RowFilter, RowRule
from cube.compiler.filters import EXACT, NOTHING, Condition, Group, Node
from cube.compiler.values import type_values
from cube.errors import ModelError, QueryError, suggest
from cube.query.operators import Operator
from cube.query.query import Filter

Claims = Mapping[str, Any]
Scalar = str | bool | int

HIDDEN = "@"
"""First letter of the names of members that no view shows."""
_CLAIM = re.compile(r"\{ *(?:securityContext|security_context)\.([A-Za-z_][A-Za-z0-9_]*) *\}")
_NO_DATE = date.min
_MOST_VALUES = 1_000


@dataclass(frozen=True, eq=False)
class RuleFilter:
    """A filter whose values still hold the names of claims."""

    member: Member
    operator: Operator
    values: tuple[Scalar, ...]


@dataclass(frozen=True, eq=False)
class RuleGroup:
    """Filters joined by one word."""

    kind: Literal["and", "or"]
    items: tuple[RuleFilter | RuleGroup, ...]


Rule = RuleFilter | RuleGroup


@dataclass(frozen=True, eq=False)
class RowPolicy:
    """The rows of a cube that some groups see; ``rule`` None is every row."""

    groups: frozenset[str]
    rule: Rule | None


def compile_row_policies(cube: CompiledCube) -> tuple[RowPolicy, ...]:
    """The policies of a cube, with their members resolved.

    Raises:
        ModelError: a filter names no dimension, a time, or a value that is no claim.
    """
    return tuple(_compile_policy(cube, policy) for policy in cube.definition.access_policy)


def check_member_policies(view: CompiledView) -> None:
    """Refuse a view whose policies name members that it does not show.

    Raises:
        ModelError: an unknown member, or a measure among the masked ones.
    """
    kinds = {name.split(".")[1]: member.kind for name, member in view.members.items()}
    for policy in view.definition.access_policy:
        lists = [policy.member_level]
        lists += [policy.member_masking] if policy.member_masking else []
        for name in (n for item in lists for n in (*item.includes, *item.excludes) if n != "*"):
            if name not in kinds:
                raise ModelError(
                    f"{view.definition.name}.access_policy: no member '{name}'"
                    f"{suggest(name, kinds)}"
                )
        masked = [n for n in kinds if policy.member_masking and policy.member_masking.holds(n)]
        for name in masked:
            if kinds[name] != "dimension":
                raise ModelError(
                    f"{view.definition.name}.access_policy: only dimensions are masked, '{name}' "
                    f"is a {kinds[name]}"
                )


def fill_rule(rule: Rule, claims: Claims) -> Node:
    """The rule as a condition of a plan, with the claims of a token as its values."""
    if isinstance(rule, RuleGroup):
        return Group(rule.kind, tuple(fill_rule(item, claims) for item in rule.items))
    values: list[Scalar] = []
    for value in rule.values:
        filled = _fill_value(value, claims)
        if not filled:
            return NOTHING
        values += filled
    item = Filter(member=rule.member.name, operator=rule.operator, values=tuple(values))
    try:
        typed = type_values(item, rule.member, _NO_DATE)
    except QueryError:
        # The claim does not fit the member: it opens no row, and its error would name the member.
        return NOTHING
    # With regard to case: whoever is m00025 is not M00025.
    return Condition(rule.member, EXACT.get(rule.operator, rule.operator), typed)


def find_claims(policies: Iterable[RowPolicy]) -> set[str]:
    """Names of the claims that row rules ask for."""
    rules = [policy.rule for policy in policies if policy.rule is not None]
    return {name for rule in rules for name in _find_claims(rule)}


def _find_claims(rule: Rule) -> Iterator[str]:
    if isinstance(rule, RuleGroup):
        for item in rule.items:
            yield from _find_claims(item)
    else:
        for value in rule.values:
            yield from _CLAIM.findall(str(value))


def _compile_policy(cube: CompiledCube, policy: CubePolicy) -> RowPolicy:
    filters = policy.row_level.filters
    if not filters:
        return RowPolicy(policy.names, None)
    return RowPolicy(policy.names, RuleGroup("and", tuple(_compile_all(cube, filters))))


def _compile_all(cube: CompiledCube, rules: Iterable[RowRule]) -> Iterator[Rule]:
    for rule in rules:
        if isinstance(rule, AllRows | AnyRow):
            kind: Literal["and", "or"] = "and" if isinstance(rule, AllRows) else "or"
            yield RuleGroup(kind, tuple(_compile_all(cube, rule.items)))
        else:
            yield _compile_filter(cube, rule)


def _compile_filter(cube: CompiledCube, rule: RowFilter) -> RuleFilter:
    name = cube.definition.name
    where = f"{name}.access_policy.{rule.member}"
    if rule.member not in cube.dimensions:
        raise ModelError(f"{where}: no such dimension{suggest(rule.member, cube.dimensions)}")
    source = cube.dimensions[rule.member]
    if source.definition.type == "time":
        raise ModelError(f"{where}: a row rule does not compare times")
    for value in rule.values:
        if isinstance(value, str) and set("{}") & set(_CLAIM.sub("", value)):
            raise ModelError(f"{where}: '{value}' is not text with {{ securityContext.claim }}")
    hidden = f"{HIDDEN}{name}.{rule.member}"
    member = Member(hidden, source, name, rule.member, None, None, {})
    _check_operator(where, rule, member)
    return RuleFilter(member, rule.operator, rule.values)


def _check_operator(where: str, rule: RowFilter, member: Member) -> None:
    """The operator must fit with some value in the place of each claim."""
    samples = tuple(_CLAIM.sub("1", v) if isinstance(v, str) else v for v in rule.values)
    try:
        type_values(
            Filter(member=member.name, operator=rule.operator, values=samples), member, _NO_DATE
        )
    except QueryError as error:
        raise ModelError(f"{where}: {error.problem}") from error


def _fill_value(value: Scalar, claims: Claims) -> list[Scalar]:
    """The value with each claim in its place; a list of claims stands for several values."""
    if not isinstance(value, str) or not _CLAIM.search(value):
        return [value]
    pieces = _CLAIM.split(value)
    choices = [
        _read_claim(claims.get(piece)) if position % 2 else [piece]
        for position, piece in enumerate(pieces)
    ]
    filled: list[Scalar] = ["".join(parts) for parts in product(*choices)]
    return filled if len(filled) <= _MOST_VALUES else []


def _read_claim(claim: object) -> list[str]:
    """Texts and whole numbers, alone or in a list; anything else makes the claim void."""
    given = claim if isinstance(claim, list) else [claim]
    texts = [str(item) for item in given if _is_text(item)]
    return texts if len(texts) == len(given) else []


def _is_text(item: object) -> bool:
    if isinstance(item, str):
        return bool(item.strip())
    return isinstance(item, int) and not isinstance(item, bool)
