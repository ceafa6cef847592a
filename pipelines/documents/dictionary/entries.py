"""What the dictionary says, as plain data, from what the project itself declares.

Marts and parameters come from dbt's manifest and the seed files, questions and measures from the
cube model: nothing is written for the dictionary alone, so it cannot differ from what is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cube.compiler.compiled import CompiledView, Member
from cube.compiler.measures import CompiledMeasure
from cube.compiler.model import Model
from cube.planner.explanation import list_columns
from pipelines.parameters.seeds import Seed

CHAPTERS = {
    "questions": "Answers",
    "facts": "Facts",
    "credit": "Credit",
    "dimensions": "Dimensions",
    "bridges": "Bridges",
}
"""Folders below ``models/marts``, in the order of the dictionary, with their headings."""


@dataclass(frozen=True)
class Column:
    """A column of a mart or of a parameter; ``type`` is empty where the file does not say."""

    name: str
    type: str
    description: str
    required: bool


@dataclass(frozen=True)
class Mart:
    """A table for readers, the parameters that shape its figures and the questions it answers."""

    name: str
    chapter: str
    description: str
    columns: tuple[Column, ...]
    parameters: tuple[str, ...]
    views: tuple[str, ...]


@dataclass(frozen=True)
class Parameter:
    """A seed: what may be set, the values set now, and the marts that they shape."""

    name: str
    description: str
    validity_key: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    marts: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """A measure, dimension or segment as a view shows it, with the columns it comes from."""

    name: str
    kind: str
    title: str
    title_zh: str
    description: str
    description_zh: str
    type: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A public view of the cubes."""

    name: str
    title: str
    title_zh: str
    description: str
    description_zh: str
    terms: tuple[Term, ...]

    def of_kind(self, kind: str) -> tuple[Term, ...]:
        """Its measures, dimensions or segments."""
        return tuple(term for term in self.terms if term.kind == kind)


@dataclass(frozen=True)
class Dictionary:
    """Everything the pages show."""

    questions: tuple[Question, ...]
    marts: tuple[Mart, ...]
    parameters: tuple[Parameter, ...]


def collect_entries(manifest: Mapping[str, Any], model: Model, seeds: Iterable[Seed]) -> Dictionary:
    """The dictionary of a project.

    Args:
        manifest: dbt's ``manifest.json``.
        model: the cube model.
        seeds: the seed files.
    """
    questions = tuple(_describe_view(v, model) for v in model.views.values() if v.definition.public)
    reach = {
        key: frozenset(_ancestors(key, manifest["parent_map"])) for key in _mart_keys(manifest)
    }
    marts = sorted(
        (_describe_mart(key, manifest, reach[key], questions) for key in reach),
        key=lambda mart: (list(CHAPTERS).index(mart.chapter), mart.name),
    )
    parameters = tuple(_describe_seed(seed, manifest, reach) for seed in seeds)
    return Dictionary(questions, tuple(marts), parameters)


def _mart_keys(manifest: Mapping[str, Any]) -> Iterator[str]:
    for key, node in manifest["nodes"].items():
        if node["resource_type"] == "model" and node["schema"] == "marts":
            yield key


def _ancestors(key: str, parents: Mapping[str, list[str]]) -> Iterator[str]:
    seen: set[str] = set()
    waiting = [key]
    while waiting:
        for parent in parents.get(waiting.pop(), []):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
                yield parent


def _describe_mart(
    key: str,
    manifest: Mapping[str, Any],
    ancestors: frozenset[str],
    questions: Iterable[Question],
) -> Mart:
    node = manifest["nodes"][key]
    prefix = f"marts.{node['name']}."
    views = [
        question.name
        for question in questions
        if any(column.startswith(prefix) for term in question.terms for column in term.columns)
    ]
    return Mart(
        node["name"],
        Path(node["path"]).parts[1],
        node["description"],
        tuple(_describe_columns(node)),
        tuple(sorted(_name(parent) for parent in ancestors if parent.startswith("seed."))),
        tuple(sorted(views)),
    )


def _describe_seed(
    seed: Seed, manifest: Mapping[str, Any], reach: Mapping[str, frozenset[str]]
) -> Parameter:
    key = f"seed.{manifest['metadata']['project_name']}.{seed.name}"
    node = manifest["nodes"][key]
    shaped = sorted(_name(mart) for mart, ancestors in reach.items() if key in ancestors)
    return Parameter(
        seed.name,
        node["description"],
        seed.validity_key or (),
        tuple(_describe_columns(node)),
        tuple(tuple(row.values.get(column, "") for column in seed.columns) for row in seed.rows),
        tuple(shaped),
    )


def _describe_columns(node: Mapping[str, Any]) -> Iterator[Column]:
    for column in node["columns"].values():
        required = any(item["type"] == "not_null" for item in column["constraints"])
        yield Column(
            column["name"], column["data_type"] or "", column["description"] or "", required
        )


def _name(key: str) -> str:
    return key.rpartition(".")[2]


def _describe_view(view: CompiledView, model: Model) -> Question:
    definition = view.definition
    return Question(
        definition.name,
        definition.title or definition.name,
        str(definition.meta.get("title_zh", "")),
        definition.description or "",
        str(definition.meta.get("description_zh", "")),
        tuple(_describe_member(member, model) for member in view.members.values()),
    )


def _describe_member(member: Member, model: Model) -> Term:
    return Term(
        member.name.rpartition(".")[2],
        member.kind,
        member.title,
        str(member.meta.get("title_zh", "")),
        member.description or "",
        str(member.meta.get("description_zh", "")),
        _describe_type(member),
        tuple(list_columns(member.source, model)),
    )


def _describe_type(member: Member) -> str:
    """The format where there is one; else the type, for measures with the aggregate."""
    if isinstance(member.source, CompiledMeasure):
        aggregate = member.source.definition.type
        return f"{member.format or 'number'}, {aggregate.replace('_', ' ')}"
    return member.format or member.type
