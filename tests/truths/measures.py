"""What kind of figure a measure is: what the model says it is made of, not what it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cube.compiler.compiled import CompiledDimension, CompiledView, Member
from cube.compiler.expression import MemberId
from cube.compiler.measures import Aggregate, CompiledMeasure, MultiStageStep, Shift
from cube.compiler.rollup import Signature, sign

Query = dict[str, Any]
_ADDED = ("sum", "count")


def list_measures(view: CompiledView) -> list[Member]:
    """The measures of a view."""
    return [member for member in view.members.values() if member.kind == "measure"]


def source_of(member: Member) -> CompiledMeasure:
    """The measure behind a member."""
    assert isinstance(member.source, CompiledMeasure)
    return member.source


def sole_aggregate(member: Member) -> Aggregate | None:
    """The one aggregate that a measure is; None for a measure computed of others."""
    source = source_of(member)
    if source.definition.type == "number" or len(source.components) != 1:
        return None
    (part,) = source.components.values()
    return part if isinstance(part, Aggregate) else None


def is_flow(member: Member) -> bool:
    """Whether values add up over groups and over time."""
    part = sole_aggregate(member)
    return (
        part is not None
        and part.kind in _ADDED
        and not (part.stages or part.frame or part.shifts)
        and part.cube == member.root
    )


def is_stock(member: Member) -> bool:
    """Whether a measure takes the first or last month of a period, and adds up over groups."""
    part = sole_aggregate(member)
    return (
        part is not None
        and part.kind in _ADDED
        and len(part.stages) == 1
        and part.stages[0].is_extreme
        and not (part.frame or part.shifts)
    )


def is_additive(member: Member) -> bool:
    """Whether values add up over groups that are no periods."""
    return is_flow(member) or is_stock(member)


def stages_of(member: Member) -> tuple[MultiStageStep, ...]:
    """The multi-stage steps of a measure."""
    aggregates = source_of(member).aggregates
    return tuple(stage for aggregate in aggregates for stage in aggregate.stages)


def period_members(members: list[Member]) -> frozenset[MemberId]:
    """Dimensions that decide which month ends a period of the measures."""
    return frozenset[MemberId]().union(*(s.keep_only for m in members for s in stages_of(m)))


def list_shifted(view: CompiledView) -> Iterator[tuple[Member, Member, Shift]]:
    """Measures that show another one of earlier: with that one, and the shift."""
    by_id = {member.source.id: member for member in list_measures(view)}
    for member in list_measures(view):
        source = source_of(member)
        shifts = {aggregate.shifts for aggregate in source.aggregates}
        if source.definition.time_shift and len(shifts) == 1:
            (only,) = shifts
            name = str(source.definition.sql).strip("{} ").removeprefix("CUBE.")
            base = by_id.get((source.id[0], name))
            if base is not None and len(only) == 1 and only[0].interval.months:
                yield member, base, only[0]


def list_rolling(view: CompiledView) -> Iterator[tuple[Member, Member, Aggregate]]:
    """Sums over a window of months or to date: with the same sum without one."""
    plain: Mapping[Signature, Member] = {
        sign(part): member
        for member in list_measures(view)
        if is_flow(member) and (part := sole_aggregate(member)) is not None
    }
    for member in list_measures(view):
        part = sole_aggregate(member)
        if part is not None and part.frame is not None and part.kind in _ADDED:
            base = plain.get(sign(part))
            if base is not None:
                yield member, base, part


def list_times(view: CompiledView) -> list[Member]:
    """The times of a view."""
    return [m for m in view.members.values() if m.kind == "dimension" and m.type == "time"]


def own_times(view: CompiledView, root: str, joined: frozenset[str]) -> list[Member]:
    """Times that place the rows of a fact: its own, and those of the calendars it joins."""
    return [m for m in list_times(view) if m.source.id[0] in ({root} | joined)]


def is_day(member: Member) -> bool:
    """Whether a time has days only."""
    return isinstance(member.source, CompiledDimension) and member.source.is_day


def filter_members(item: Query) -> list[str]:
    """Names of the members of a filter, nested ones too."""
    if "member" in item:
        return [item["member"]]
    inner = item.get("and") or item.get("or") or []
    return [name for part in inner for name in filter_members(part)]
