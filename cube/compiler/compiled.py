"""Cubes and views with every reference resolved: what the planner and the SQL writer work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sqlglot import exp

from cube.compiler.definition import (
    Cube,
    Dimension,
    Hierarchy,
    Segment,
    View,
)
from cube.compiler.expression import (
    MemberId,
)
from cube.compiler.granularity import Granularity
from cube.compiler.joins import Edge, Tree
from cube.compiler.measures import CompiledMeasure

Kind = Literal["dimension", "measure", "segment"]


@dataclass(frozen=True, eq=False)
class CompiledDimension:
    """A dimension; ``tree`` reads the columns of ``cubes`` only.

    ``mask`` replaces it for users who may not see it; without one they see no value.
    """

    id: MemberId
    definition: Dimension
    tree: exp.Expr
    cubes: frozenset[str]
    granularities: Mapping[str, Granularity]
    mask: exp.Expr | None = None

    @property
    def is_day(self) -> bool:
        """Whether the values are calendar days, which no time zone moves."""
        return self.definition.meta.get("precision") == "day"

    @property
    def is_clock(self) -> bool:
        """Whether the values are times of day as they were recorded, which no zone moves."""
        return self.definition.meta.get("clock") == "recorded"


@dataclass(frozen=True, eq=False)
class CompiledSegment:
    """A named condition; ``tree`` reads the columns of ``cubes`` only."""

    id: MemberId
    definition: Segment
    tree: exp.Expr
    cubes: frozenset[str]


MemberSource = CompiledDimension | CompiledMeasure | CompiledSegment


@dataclass(frozen=True, eq=False)
class CompiledCube:
    """A cube; ``joins`` maps the joined cube to the condition of the join."""

    definition: Cube
    joins: Mapping[str, Edge]
    dimensions: Mapping[str, CompiledDimension]
    measures: Mapping[str, CompiledMeasure]
    segments: Mapping[str, CompiledSegment]

    @property
    def members(self) -> dict[str, MemberSource]:
        """Every member by name."""
        return {**self.dimensions, **self.measures, **self.segments}

    @cached_property
    def primary_key(self) -> tuple[exp.Expr, ...]:
        """Expressions that together name one row."""
        keys = [d for d in self.dimensions.values() if d.definition.primary_key]
        return tuple(key.tree for key in keys)


@dataclass(frozen=True, eq=False)
class Member:
    """A member as a view shows it: ``name`` is ``<view>.<member>``, its path starts at ``root``."""

    name: str
    source: MemberSource
    root: str
    title: str
    description: str | None
    format: str | None
    meta: Mapping[str, object]
    drill_members: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """Whether the member groups, aggregates or selects rows."""
        if isinstance(self.source, CompiledDimension):
            return "dimension"
        return "measure" if isinstance(self.source, CompiledMeasure) else "segment"

    @property
    def type(self) -> str:
        """Type of the member's values: string, number, boolean or time."""
        if isinstance(self.source, CompiledDimension):
            return self.source.definition.type
        return "boolean" if isinstance(self.source, CompiledSegment) else self.source.value_type


@dataclass(frozen=True, eq=False)
class CompiledHierarchy:
    """A hierarchy as a view shows it; ``levels`` are full names of members."""

    name: str
    definition: Hierarchy
    alias: str
    levels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class CompiledView:
    """A view: a tree of joins per root cube, the public members by full name."""

    definition: View
    trees: Mapping[str, Tree]
    members: Mapping[str, Member]
    hierarchies: tuple[CompiledHierarchy, ...]
    folders: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def facts(self) -> tuple[str, ...]:
        """Roots that have measures, in the order of the view."""
        roots = {m.root for m in self.members.values() if m.kind == "measure"}
        return tuple(root for root in self.trees if root in roots)
