"""The data model, read once: YAML files to validated cubes, measures and views."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bankcrm.files import hash_files
from cube.compiler.compiled import CompiledCube, CompiledView
from cube.compiler.cube_compiler import CubeCompiler
from cube.compiler.definition import Cube, ModelFile, View
from cube.compiler.joins import JoinGraph
from cube.compiler.policy import RowPolicy, check_member_policies, compile_row_policies
from cube.compiler.rollup import Rollup
from cube.compiler.rollup_compiler import compile_rollups
from cube.compiler.view_compiler import ViewCompiler
from cube.errors import ModelError

MODEL_FOLDER = Path(__file__).resolve().parent.parent / "model"


@dataclass(frozen=True)
class Model:
    """The compiled model. ``policies`` and ``rollups`` are those of the cubes that have any.

    ``digest`` changes with every change of a model file.
    """

    cubes: Mapping[str, CompiledCube]
    views: Mapping[str, CompiledView]
    joins: JoinGraph
    policies: Mapping[str, tuple[RowPolicy, ...]]
    rollups: Mapping[str, tuple[Rollup, ...]]
    digest: str


@dataclass
class _Sources:
    """Definitions by name, and the file that holds each."""

    cubes: dict[str, Cube] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def load_model(folder: Path = MODEL_FOLDER) -> Model:
    """Read, validate and compile every ``*.yml`` below ``folder``.

    Raises:
        ModelError: names the file and the key of every problem of the first bad file.
    """
    files = sorted(folder.rglob("*.yml"))
    if not files:
        raise ModelError(
            f"no model files in {folder}", "Point the server at the folder cube/model."
        )
    sources = _collect(files, folder)
    cubes = _compile_cubes(sources)
    tables = {name: cube.definition.sql_table for name, cube in cubes.items()}
    joins = JoinGraph(tables, {name: cube.joins for name, cube in cubes.items()})
    views = _compile_views(sources, cubes, joins)
    policies = _compile_policies(sources, cubes)
    rollups = _compile_rollups(sources, cubes)
    return Model(cubes, views, joins, policies, rollups, hash_files(folder, files)[:16])


def _compile_cubes(sources: _Sources) -> dict[str, CompiledCube]:
    compiled = {}
    compiler = CubeCompiler(sources.cubes)
    for name, cube in sources.cubes.items():
        with _naming(sources.files[name]):
            compiled[name] = compiler.compile(cube)
    return compiled


def _compile_views(
    sources: _Sources, cubes: Mapping[str, CompiledCube], joins: JoinGraph
) -> dict[str, CompiledView]:
    compiled = {}
    compiler = ViewCompiler(cubes, joins)
    for name, view in sources.views.items():
        with _naming(sources.files[name]):
            compiled[name] = compiler.compile(view)
            check_member_policies(compiled[name])
    return compiled


def _compile_policies(
    sources: _Sources, cubes: Mapping[str, CompiledCube]
) -> dict[str, tuple[RowPolicy, ...]]:
    compiled = {}
    for name, cube in cubes.items():
        if cube.definition.access_policy:
            with _naming(sources.files[name]):
                compiled[name] = compile_row_policies(cube)
    return compiled


def _compile_rollups(
    sources: _Sources, cubes: Mapping[str, CompiledCube]
) -> dict[str, tuple[Rollup, ...]]:
    compiled = {}
    for name, cube in cubes.items():
        if cube.definition.pre_aggregations:
            with _naming(sources.files[name]):
                compiled[name] = compile_rollups(cube, cubes)
    return compiled


@contextmanager
def _naming(file: str) -> Iterator[None]:
    """Put the file's name in front of what a compile step complains about."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{file}: {error.problem}", error.remedy) from error


def _collect(files: Iterable[Path], folder: Path) -> _Sources:
    sources = _Sources()
    for path in files:
        file = path.relative_to(folder).as_posix()
        content = _read_file(path, file)
        for definition in (*content.cubes, *content.views):
            if definition.name in sources.files:
                other = sources.files[definition.name]
                raise ModelError(f"{file}: the name '{definition.name}' is taken by {other}")
            sources.files[definition.name] = file
        sources.cubes.update({cube.name: cube for cube in content.cubes})
        sources.views.update({view.name: view for view in content.views})
    return sources


def _read_file(path: Path, file: str) -> ModelFile:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
        return ModelFile.model_validate(content)
    except yaml.YAMLError as error:
        raise ModelError(f"{file}: not valid YAML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(_describe(problem, content) for problem in error.errors())
        raise ModelError(f"{file}: {problems}", "See docs/cubes.md for the keys.") from error


def _describe(problem: ErrorDetails, content: object) -> str:
    unknown = problem["type"] == "extra_forbidden"
    message = "unknown key; extensions go under meta" if unknown else problem["msg"]
    return f"{_name_location(problem['loc'], content)}: {message}"


def _name_location(location: Iterable[str | int], content: object) -> str:
    """Path of a key with the names of cubes and members instead of their positions."""
    parts = []
    for step in location:
        content = _step_into(content, step)
        name = content.get("name") if isinstance(content, dict) else None
        parts.append(str(name) if isinstance(step, int) and name else str(step))
    return ".".join(parts)


def _step_into(content: object, step: str | int) -> object:
    if isinstance(content, dict):
        return content.get(step)
    inside = isinstance(content, list) and isinstance(step, int) and step < len(content)
    return content[step] if inside else None  # type: ignore[index]


class _StrictLoader(yaml.CSafeLoader):
    """Safe YAML, read by libyaml, that refuses a key written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key '{key}' twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)
