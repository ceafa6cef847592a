"""Validities of parameters: of one key, one row holds at a time, without a gap between rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from bankcrm.errors import InvalidParameters
from pipelines.parameters.seeds import FROM, PROPERTIES, TO, Seed, SeedRow, read_seeds


class _Span(NamedTuple):
    valid_from: date
    valid_to: date
    line: int


def check_parameters(folder: Path) -> None:
    """Check the validities of every seed of a folder.

    Raises:
        InvalidParameters: with every problem, each naming file, line and rule.
    """
    problems = [
        problem
        for seed in read_seeds(folder)
        if seed.has_validity
        for problem in find_problems(seed)
    ]
    if problems:
        raise InvalidParameters(problems)


def find_problems(seed: Seed) -> list[str]:
    """Problems of a seed with validity, each one sentence that begins with file and line.

    Rules: no_key (``_seeds.yml`` names no columns that identify a parameter, or unknown ones),
    bad_date, empty_validity, overlap, gap.
    """
    unknown = set(seed.validity_key or ()) - set(seed.columns)
    if seed.validity_key is None or unknown:
        return [_explain_key(seed, unknown)]
    problems: list[str] = []
    spans: dict[tuple[str, ...], list[_Span]] = defaultdict(list)
    for row in seed.rows:
        try:
            span = _Span(_read_date(row, FROM), _read_date(row, TO), row.line)
        except ValueError as error:
            problems.append(f"{_place(seed, row.line)}: bad_date: {error}")
            continue
        if span.valid_from >= span.valid_to:
            problems.append(
                f"{_place(seed, row.line)}: empty_validity: {span.valid_from} is not before "
                f"{span.valid_to}"
            )
        spans[tuple(row.values.get(name, "") for name in seed.validity_key)].append(span)
    problems += [problem for key in spans for problem in _follow(seed, key, spans[key])]
    return problems


def _follow(seed: Seed, key: tuple[str, ...], spans: list[_Span]) -> Iterator[str]:
    for earlier, later in pairwise(sorted(spans)):
        if earlier.valid_to == later.valid_from:
            continue
        rule = "overlap" if later.valid_from < earlier.valid_to else "gap"
        yield (
            f"{_place(seed, later.line)}: {rule}: {', '.join(key)} holds from {later.valid_from}, "
            f"but line {earlier.line} holds until {earlier.valid_to}"
        )


def _read_date(row: SeedRow, column: str) -> date:
    text = row.values.get(column, "")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{column} {text!r} is not a date like 2024-01-31") from error


def _explain_key(seed: Seed, unknown: set[str]) -> str:
    if unknown:
        return f"{_place(seed, 1)}: no_key: {PROPERTIES} names unknown columns {sorted(unknown)}"
    return (
        f"{_place(seed, 1)}: no_key: {PROPERTIES} does not say which columns name one parameter; "
        "write config: {meta: {validity_key: [...]}}"
    )


def _place(seed: Seed, line: int) -> str:
    return f"{seed.path.parent.name}/{seed.path.name} line {line}"
