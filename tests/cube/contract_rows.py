"""Rows for a mart made of its contract alone: keys that join, codes that the description lists.

The value in row ``i`` of a column is an arithmetic of ``i`` and the column's place, so that tables
are the same in every run and no two columns go along with each other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROWS = {"dim": 4, "fct": 120}
"""Rows of a table by the first letters of its name."""
PRIMES = (13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)
# Durable keys are worked out from the key before them, as in the tables written by hand.
DURABLE = {
    "customer": "100 + {}",
    "account": "1000 + {}",
    "branch": "10 * {}",
    "manager": "70 + {}",
}
_CODE = re.compile(r"\b[A-Z][A-Z_]+\b")


@dataclass(frozen=True)
class Keys:
    """Members of the dimensions by the name of their key: how many there are, and a member -1."""

    counts: Mapping[str, int]
    with_missing: frozenset[str]

    def find(self, column: str) -> str | None:
        """The key that a column holds: ``bought_product_key`` is a ``product_key``."""
        if column.endswith("_band_key"):
            return "value_band_key"
        found = [key for key in self.counts if column == key or column.endswith(f"_{key}")]
        return max(found, key=len, default=None)


def write_table(name: str, columns: Mapping[str, Mapping[str, Any]], keys: Keys) -> str:
    """Statement that creates a mart with its rows."""
    values = []
    for place, (column, contract) in enumerate(columns.items()):
        key = column.replace("_durable", "")
        durable = key != column and key in columns
        value = _write_durable(key) if durable else _write_value(contract, place, keys)
        values.append(f"({value})::{contract['data_type']} as {column}")
    rows = ROWS[name.partition("_")[0]]
    return f"create table marts.{name} as select {', '.join(values)} from range(1, {rows + 1}) t(i)"


def _write_value(contract: Mapping[str, Any], place: int, keys: Keys) -> str:
    if place == 0:
        return "i"
    if key := keys.find(contract["name"]):
        return _write_key(key, place, keys)
    value = _write_plain(contract, place)
    if any(constraint["type"] == "not_null" for constraint in contract.get("constraints", [])):
        return value
    return f"case when {_pick(place + 7, 9)} > 0 then {value} end"


def _pick(place: int, count: int) -> str:
    """A number below ``count``."""
    return f"(i * {PRIMES[place % len(PRIMES)]} // 11 + {place}) % {count}"


def _write_durable(key: str) -> str:
    rule = next(rule for word, rule in DURABLE.items() if key.endswith(f"{word}_key"))
    return rule.format(key)


def _write_key(key: str, place: int, keys: Keys) -> str:
    member = f"1 + {_pick(place, keys.counts[key])}"
    return f"case when i % 25 = 0 then -1 else {member} end" if key in keys.with_missing else member


def _write_plain(contract: Mapping[str, Any], place: int) -> str:
    kind = contract["data_type"].partition("(")[0]
    if kind == "varchar":
        codes = list(dict.fromkeys(_CODE.findall(contract["description"])))
        codes = codes if len(codes) > 1 else [f"{contract['name']} {n}" for n in range(1, 6)]
        return f"{codes}[1 + {_pick(place, len(codes))}]"
    months = f"date '2023-11-01' + to_months(({_pick(place, 8)})::int)"
    return {
        "boolean": f"{_pick(place, 3)} > 0",
        "date": f"last_day({months})"
        if contract["name"] == "month_end_date"
        else f"date '2023-11-01' + ({_pick(place, 240)})::int",
        "timestamp": f"timestamp '2023-11-01' + to_minutes({_pick(place, 345_600)})",
        "time": f"time '00:00' + to_minutes({_pick(place, 1_440)})",
        "decimal": f"{_pick(place, 900)} + i / 100",
    }.get(kind, _pick(place, 60))
