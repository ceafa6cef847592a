"""How cubes reach each other, and which rows a join repeats.

A `Tree` starts at the cube a query's rows come from and joins others by LEFT JOIN. A cube's rows
are *multiplied* in a tree when, seen from that cube, some join leads to many rows: its sums must
then be taken over its distinct primary keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from sqlglot import exp

from cube.errors import ModelError, suggest

MANY = "one_to_many"


@dataclass(frozen=True, eq=False)
class Edge:
    """A declared join: its condition, and how many rows of the other cube one row here has."""

    condition: exp.Expr
    relationship: str


@dataclass(frozen=True, eq=False)
class JoinStep:
    """LEFT JOIN of a table to one that comes earlier in the tree."""

    cube: str
    parent: str
    table: str
    edge: Edge


@dataclass(frozen=True, eq=False)
class Tree:
    """A root cube with every cube that can be joined to it, parents before children."""

    root: str
    table: str
    steps: Mapping[str, JoinStep]

    def reaches(self, cubes: Iterable[str]) -> bool:
        """Whether all of the cubes are in the tree."""
        return all(cube == self.root or cube in self.steps for cube in cubes)

    def select(self, needed: Iterable[str]) -> tuple[JoinStep, ...]:
        """Joins to the needed cubes and to those on the way, in the order of the tree."""
        wanted = set(needed)
        for step in reversed(list(self.steps.values())):
            if step.cube in wanted:
                wanted.add(step.parent)
        return tuple(step for step in self.steps.values() if step.cube in wanted)


def is_multiplied(cube: str, steps: Iterable[JoinStep]) -> bool:
    """Whether the joins give some row of the cube more than once."""
    neighbours: dict[str, list[tuple[str, bool]]] = {}
    for step in steps:
        many = step.edge.relationship == MANY
        back = step.edge.relationship == "many_to_one"
        neighbours.setdefault(step.parent, []).append((step.cube, many))
        neighbours.setdefault(step.cube, []).append((step.parent, back))
    seen, waiting = {cube}, [cube]
    while waiting:
        for other, many in neighbours.get(waiting.pop(), ()):
            if other in seen:
                continue
            if many:
                return True
            seen.add(other)
            waiting.append(other)
    return False


class JoinGraph:
    """The declared joins of all cubes."""

    def __init__(self, tables: Mapping[str, str], edges: Mapping[str, Mapping[str, Edge]]) -> None:
        self._tables = tables
        self._edges = edges
        self._plain: dict[str, Tree] = {}

    def tree(self, root: str, paths: Iterable[list[str]] = ()) -> Tree:
        """Tree of the declared paths, then of all that is reached without repeating rows.

        Raises:
            ModelError: a path names a join that is not declared, or reaches a cube twice.
        """
        if not paths and root in self._plain:
            return self._plain[root]
        steps: dict[str, JoinStep] = {}
        for path in paths:
            for parent, cube in pairwise(path):
                self._add(steps, parent, cube)
        self._extend(root, steps)
        tree = Tree(root, self._tables[root], steps)
        if not paths:
            self._plain[root] = tree
        return tree

    def _add(self, steps: dict[str, JoinStep], parent: str, cube: str) -> None:
        known = self._edges[parent]
        if cube not in known:
            raise ModelError(f"'{parent}' has no join to '{cube}'{suggest(cube, known)}")
        if cube in steps and steps[cube].parent != parent:
            raise ModelError(f"'{cube}' is reached by two paths")
        steps[cube] = JoinStep(cube, parent, self._tables[cube], known[cube])

    def _extend(self, root: str, steps: dict[str, JoinStep]) -> None:
        """Nearest first: a cube that is reached from two sides takes the shorter path."""
        waiting = [root, *steps]
        while waiting:
            parent = waiting.pop(0)
            for cube, edge in self._edges[parent].items():
                if edge.relationship != MANY and cube not in steps and cube != root:
                    self._add(steps, parent, cube)
                    waiting.append(cube)
