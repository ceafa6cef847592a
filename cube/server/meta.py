"""Views and members as Cube's REST protocol describes them."""

from __future__ import annotations

from collections.abc import Iterable

from cube.compiler.compiled import CompiledDimension, CompiledView, Member
from cube.compiler.granularity import Granularity
from cube.compiler.measures import CompiledMeasure
from cube.server.schemas import Json


def build_meta(views: Iterable[CompiledView]) -> Json:
    """Body of ``/v1/meta``: the public views and their members."""
    return {"cubes": [_describe_view(view) for view in views if view.definition.public]}


def describe_granularity(granularity: Granularity) -> Json:
    """A granularity as annotations and the meta answer have it."""
    entry = {"name": granularity.name, "title": granularity.title, "interval": granularity.text}
    definition = granularity.definition
    for key in ("offset", "origin"):
        if definition is not None and getattr(definition, key) is not None:
            entry[key] = getattr(definition, key)
    return entry


def annotate_member(member: Member) -> Json:
    """What a client needs to show a member: title, type, format, drill members."""
    entry: Json = {"title": member.title, "shortTitle": member.title}
    if member.kind != "segment":
        entry["type"] = member.type
    if member.description is not None:
        entry["description"] = member.description
    if member.format is not None:
        entry["format"] = member.format
    currency = getattr(member.source.definition, "currency", None)
    if currency is not None:
        entry["currency"] = currency
    if member.meta:
        entry["meta"] = dict(member.meta)
    if member.kind == "measure":
        entry["drillMembers"] = list(member.drill_members)
        entry["drillMembersGrouped"] = {"measures": [], "dimensions": list(member.drill_members)}
    return entry


def _describe_view(view: CompiledView) -> Json:
    definition = view.definition
    title = definition.title or definition.name
    members = list(view.members.values())
    folders = [{"name": name, "members": list(names)} for name, names in view.folders]
    return {
        "name": definition.name,
        "type": "view",
        "title": title,
        "description": definition.description,
        "isVisible": True,
        "public": True,
        "meta": definition.meta,
        "measures": [_describe_member(m, title) for m in members if m.kind == "measure"],
        "dimensions": [_describe_member(m, title) for m in members if m.kind == "dimension"],
        "segments": [_describe_member(m, title) for m in members if m.kind == "segment"],
        "hierarchies": [
            {
                "name": item.name,
                "title": item.definition.title or item.definition.name,
                "aliasMember": item.alias,
                "public": item.definition.public,
                "levels": list(item.levels),
            }
            for item in view.hierarchies
        ],
        "folders": folders,
        "nestedFolders": folders,
    }


def _describe_member(member: Member, view_title: str) -> Json:
    source = member.source
    entry = {"name": member.name, **annotate_member(member), "isVisible": True, "public": True}
    entry["title"] = f"{view_title} {member.title}"
    if member.kind != "segment":
        entry["aliasMember"] = ".".join(source.id)
    if isinstance(source, CompiledMeasure):
        kind = source.definition.type
        entry |= {"aggType": _AGGREGATES.get(kind, kind)}
        entry |= {"cumulative": False, "cumulativeTotal": False}
    elif isinstance(source, CompiledDimension):
        entry |= {"suggestFilterValues": True, "primaryKey": False}
        custom = [g for g in source.granularities.values() if g.definition is not None]
        if custom:
            entry["granularities"] = [describe_granularity(item) for item in custom]
    return entry


_AGGREGATES = {"count_distinct": "countDistinct", "count_distinct_approx": "countDistinctApprox"}
