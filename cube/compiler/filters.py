"""Filters with members and typed values, as a tree of groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from cube.compiler.compiled import Member
from cube.compiler.values import PATTERNS, Value

SEGMENT = "segment"

EXACT: Final[dict[str, str]] = {name: f"{name} with regard to case" for name in PATTERNS}
"""The operators of patterns as row rules use them."""


@dataclass(frozen=True)
class Condition:
    """A filter with typed values; ``with_null`` where the client listed null among them.

    Times are local to the query's zone. The operator of a segment is ``segment``.
    """

    member: Member
    operator: str
    values: tuple[Value, ...] = ()
    with_null: bool = False


@dataclass(frozen=True)
class Group:
    """Conditions joined by one word."""

    kind: Literal["and", "or"]
    items: tuple[Node, ...]


Node = Condition | Group
NOTHING = Group("or", ())
"""Holds for no row: none of no conditions holds."""


def list_conditions(node: Node) -> Iterator[Condition]:
    """Every condition of a filter tree."""
    if isinstance(node, Condition):
        yield node
    else:
        for item in node.items:
            yield from list_conditions(item)
