"""The stock Cube compiler as a process, and the normal form in which answers are compared."""

from __future__ import annotations

import json
import math
import os
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.tools import NODE

PROJECT = Path(__file__).resolve().parents[3]
SCRIPT = Path(__file__).with_name("compile.mjs")
SHAPES = Path(__file__).with_name("model")

Cell = str | bool | int | float | Decimal | None


class StockError(Exception):
    """What the stock compiler says to a query that it refuses."""


class StockCompiler:
    """One Node process that compiles models and queries as a stock Cube deployment does."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [NODE, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=PROJECT,
            env={**os.environ, "CUBEJS_TESSERACT_SQL_PLANNER": "false", "TZ": "UTC"},
        )

    def __enter__(self) -> StockCompiler:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def load_model(self, folder: Path) -> list[dict[str, Any]]:
        """Compile a folder of YAML files; its cubes and views as the API describes them."""
        cubes: list[dict[str, Any]] = self._ask({"folder": str(folder)})["cubes"]
        return cubes

    def compile(self, model: Path, query: dict[str, Any], today: date) -> dict[str, Any]:
        """SQL with ``?`` placeholders, parameters, and the member behind each column."""
        return self._ask({"model": str(model), "query": query, "today": today.isoformat()})

    def parse_range(self, text: str, timezone: str, today: date) -> tuple[str, str]:
        """First and last moment of a relative date range."""
        request = {"dateRange": text, "timezone": timezone, "today": today.isoformat()}
        first, last = self._ask(request)["range"]
        return first, last

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        while not (line := self._process.stdout.readline()).startswith("{"):
            if not line:
                raise StockError("the process of the stock compiler has ended")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise StockError(str(reply["error"]))
        return reply


def normalize(value: object) -> Cell:
    """A cell for comparison: times as text without zone, whole numbers as integers."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return moment.isoformat()
    if isinstance(value, date):
        return datetime.combine(value, time()).isoformat()
    if isinstance(value, Decimal):
        return value.normalize() + 0
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    raise TypeError(f"no normal form for {type(value)}")


def same_cell(left: Cell, right: Cell) -> bool:
    """Exactly the same value. Doubles, sums of which depend on their order, to 12 digits."""
    if isinstance(left, float) or isinstance(right, float):
        if left is None or right is None or isinstance(left, str) or isinstance(right, str):
            return left is right
        return math.isclose(float(left), float(right), rel_tol=1e-12, abs_tol=1e-9)
    return left == right and (left is None) == (right is None)


def same_rows(
    left: Sequence[Sequence[Cell]], right: Sequence[Sequence[Cell]], *, ordered: bool
) -> bool:
    """The same rows, in the same order where the query orders them fully."""
    if len(left) != len(right):
        return False
    if not ordered:
        left, right = sorted(left, key=_sort_key), sorted(right, key=_sort_key)
    pairs = zip(left, right, strict=True)
    return all(
        all(same_cell(a, b) for a, b in zip(one, other, strict=True)) for one, other in pairs
    )


def _sort_key(row: Iterable[Cell]) -> list[tuple[int, str]]:
    """Rows by their values; doubles are rounded, so that the last digits do not move a row."""
    return [_rank(value) for value in row]


def _rank(value: Cell) -> tuple[int, str]:
    if value is None:
        return (0, "")
    if isinstance(value, bool | str):
        return (1, str(value))
    return (2, f"{float(value):030.6f}")
