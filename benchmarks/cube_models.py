"""Data models of any size, for timing compilers: facts of twenty measures, shared dimensions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_MEASURES, _DIMENSIONS, _FACTS_PER_DIMENSION = 20, 20, 4


def write_model(folder: Path, cubes: int) -> Path:
    """Write a model of so many cubes, a view over every fourth fact, and return its folder."""
    (folder / "cubes").mkdir(parents=True)
    (folder / "views").mkdir()
    dimensions = cubes // (_FACTS_PER_DIMENSION + 1)
    for number in range(dimensions):
        _write(folder / "cubes" / f"parts_{number}.yml", "cubes", _describe_part(number))
    for number in range(cubes - dimensions):
        part = number % dimensions
        _write(folder / "cubes" / f"fact_{number}.yml", "cubes", _describe_fact(number, part))
        if number % _FACTS_PER_DIMENSION == 0:
            _write(folder / "views" / f"facts_{number}.yml", "views", _describe_view(number, part))
    return folder


def _write(path: Path, kind: str, definition: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump({kind: [definition]}, sort_keys=False), encoding="utf-8")


def _describe_part(number: int) -> dict[str, Any]:
    names = [f"name_{i}" for i in range(_DIMENSIONS)]
    return {
        "name": f"parts_{number}",
        "sql_table": f"marts.parts_{number}",
        "public": False,
        "dimensions": [
            {"name": "id", "sql": "id", "type": "number", "primary_key": True},
            *({"name": name, "sql": name, "type": "string"} for name in names),
        ],
    }


def _describe_fact(number: int, part: int) -> dict[str, Any]:
    amounts = [f"amount_{i}" for i in range(_MEASURES - 2)]
    return {
        "name": f"fact_{number}",
        "sql_table": f"marts.fact_{number}",
        "public": False,
        "joins": [
            {
                "name": f"parts_{part}",
                "sql": f"{{CUBE}}.part_id = {{parts_{part}}}.id",
                "relationship": "many_to_one",
            }
        ],
        "dimensions": [
            {"name": "id", "sql": "id", "type": "number", "primary_key": True},
            {"name": "kind", "sql": "kind", "type": "string"},
            {"name": "day", "sql": "day", "type": "time"},
        ],
        "measures": [
            {"name": "count", "type": "count"},
            {"name": "amount", "sql": "amount", "type": "sum"},
            *({"name": name, "sql": name, "type": "sum"} for name in amounts),
        ],
    }


def _describe_view(number: int, part: int) -> dict[str, Any]:
    return {
        "name": f"facts_{number}",
        "public": True,
        "cubes": [
            {"join_path": f"fact_{number}", "includes": "*"},
            {
                "join_path": f"fact_{number}.parts_{part}",
                "includes": [f"name_{i}" for i in range(_DIMENSIONS)],
            },
        ],
    }
