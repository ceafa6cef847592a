"""The total of a measure over its whole mart, as plain SQL, from the text of the model alone.

A second reading of the model files: it knows nothing of the compiler in `cube.server`. A
semi-additive measure is a sum over the rows of the last (or first) month of the mart; a number is
arithmetic over the totals of other measures. Rolling windows and time shifts have no total.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

REFERENCE = re.compile(r"\{([a-zA-Z0-9_.]+)\}")
WORD = re.compile(r"[a-z][a-z0-9_]*")


class PlainTotals:
    """Scalar subqueries for the measures of a model folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def cubes(self) -> dict[str, Any]:
        """Every cube of the folder by name, as written."""
        files = [yaml.safe_load(path.read_text("utf-8")) for path in self._folder.rglob("*.yml")]
        return {cube["name"]: cube for file in files for cube in file.get("cubes", [])}

    def has_total(self, cube: str, measure: str) -> bool:
        """Whether the measure means something without a time dimension."""
        found = self._measure(cube, measure)
        if "time_shift" in found or "rolling_window" in found:
            return False
        if found["type"] != "number":
            return True
        return all(self.has_total(cube, name) for name in REFERENCE.findall(found["sql"]))

    def write(self, cube: str, measure: str) -> str:
        """SQL of one value: the measure over all rows of the mart."""
        found = self._measure(cube, measure)
        if found["type"] == "rank":
            return "(select 1)"
        if found["type"] == "number" or self._is_share_base(found):
            return REFERENCE.sub(lambda match: self.write(cube, match[1]), f"({found['sql']})")
        if not found.get("multi_stage"):
            return self._aggregate(cube, found, [])
        base = self._measure(cube, found["sql"].strip("{}"))
        if "keep_only" in found["grain"]:
            return self._sum_of_months(cube, base)
        latest = "last_month_rank" in found["filters"][0]["sql"]
        return self._aggregate(cube, base, [self._one_month(cube, latest=latest)])

    def _measure(self, cube: str, name: str) -> dict[str, Any]:
        found: dict[str, Any]
        (found,) = [item for item in self.cubes[cube]["measures"] if item["name"] == name]
        return found

    def _is_share_base(self, measure: dict[str, Any]) -> bool:
        """A sum over rows of the answer: of the single row of a total, the measure itself."""
        return "group_by" in measure or "exclude" in measure.get("grain", {})

    def _one_month(self, cube: str, *, latest: bool) -> str:
        table = self.cubes[cube]["sql_table"]
        function = "max" if latest else "min"
        return f"{cube}.month_end_date = (select {function}(month_end_date) from {table})"

    def _sum_of_months(self, cube: str, base: dict[str, Any]) -> str:
        table = self.cubes[cube]["sql_table"]
        value = f"select {base['type']}({base['sql']}) x from {table} group by month_end_date"
        return f"(select sum(x) from ({value}))"

    def _aggregate(self, cube: str, measure: dict[str, Any], conditions: list[str]) -> str:
        texts = [str(measure.get("sql", "*"))]
        texts += [item["sql"] for item in measure.get("filters", [])]
        value, *filters = [self._columns(cube, text) for text in texts]
        distinct = "distinct " if measure["type"] == "count_distinct" else ""
        call = f"{measure['type'].removesuffix('_distinct')}({distinct}{value})"
        where = " and ".join(f"({item})" for item in [*filters, *conditions]) or "true"
        joins = "".join(self._join(cube, other) for other in self._others(cube, texts))
        return f"(select {call} from {self.cubes[cube]['sql_table']} {cube}{joins} where {where})"

    def _columns(self, cube: str, text: str) -> str:
        if WORD.fullmatch(text):
            return f"{cube}.{text}"
        return REFERENCE.sub(lambda match: self._column(cube, match[1]), text)

    def _column(self, cube: str, reference: str) -> str:
        other, _, dimension = reference.rpartition(".")
        if reference == "CUBE" or reference in self.cubes:
            return cube if reference == "CUBE" else reference
        (found,) = [d for d in self.cubes[other or cube]["dimensions"] if d["name"] == dimension]
        return self._columns(other or cube, found["sql"])

    def _others(self, cube: str, texts: list[str]) -> list[str]:
        names = {name.rpartition(".")[0] for text in texts for name in REFERENCE.findall(text)}
        return sorted(names - {"", "CUBE", cube})

    def _join(self, cube: str, other: str) -> str:
        (found,) = [join for join in self.cubes[cube]["joins"] if join["name"] == other]
        assert found["relationship"] == "many_to_one", (cube, other)
        table, condition = self.cubes[other]["sql_table"], self._columns(cube, found["sql"])
        return f" left join {table} {other} on {condition}"
