"""Tries truths on random questions, and shows a violation as small as it can be made."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from tests.truths.bank import Asker, Bank, BrokenError, CutError, Protocol, RefusedError
from tests.truths.forms import FORMS
from tests.truths.measures import Query
from tests.truths.questions import Detail, Drawer, without
from tests.truths.refusals import find_secret
from tests.truths.statements import UnsaidError
from tests.truths.times import TIMES
from tests.truths.truths import TRUTHS, Truth

ROLES = ["administrator"] * 3 + ["analyst", "branch manager", "customer manager", "both managers"]
ALL = [*TRUTHS, *TIMES, *FORMS]
_ALIKE = Decimal("1e-9")
_MOST_SHOWN = 2_000
_FOR_MISSING = 0.5
"""Share of the turns that truths get which have not been tried yet."""


@dataclass(frozen=True)
class Case:
    """A truth about one question, as a role over a protocol."""

    truth: Truth
    role: str
    protocol: Protocol
    query: Query
    detail: Detail


@dataclass
class Tally:
    """What was tried, answered and refused, by truth, and what did not hold."""

    tried: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def run(bank: Bank, count: int, seed: str, stop_at: str | None = None) -> Tally:
    """Check ``count`` answered questions of a bank; with ``stop_at``, until a truth of that name
    does not hold, and that truth alone."""
    pick = random.Random(f"{seed} {bank.name}")
    tally = Tally()
    turn = 0
    while sum(tally.answered.values()) < count and turn < 20 * count:
        turn += 1
        missing = [truth for truth in ALL if not tally.answered[truth.name]]
        truths = missing if missing and pick.random() < _FOR_MISSING else ALL
        case = draw(bank, truths, pick, f"{seed} {bank.name} {turn}")
        if case is None or not case.truth.name.startswith(stop_at or ""):
            continue
        tally.tried[case.truth.name] += 1
        try:
            asked = examine(bank, case)
        except (RefusedError, CutError, UnsaidError) as reason:
            tally.refused[case.truth.name] += 1
            secret = find_secret(bank, case.role, str(reason))
            if secret:
                asked = [f"the refusal names {secret}", str(reason)]
                tally.violations.append(describe(bank, case, asked))
            continue
        tally.answered[case.truth.name] += 1
        if asked:
            small = shrink(bank, case) if case.truth.shrinks else case
            tally.violations.append(describe(bank, small, examine(bank, small)))
            if stop_at is not None:
                break
    return tally


def draw(bank: Bank, truths: list[Truth], pick: random.Random, seed: str) -> Case | None:
    """A case of one of some truths."""
    (truth,) = pick.choices(truths, [truth.weight for truth in truths])
    role = pick.choice(ROLES)
    protocol: Any = pick.choice(truth.protocols)
    drawn = truth.draw(Drawer(bank, role, protocol, seed))
    return None if drawn is None else Case(truth, role, protocol, *drawn)


def examine(bank: Bank, case: Case) -> list[str]:
    """What was asked and answered, if the truth does not hold; nothing if it does.

    Raises:
        RefusedError: a question is refused.
    """
    ask = Asker(bank, case.role, case.protocol)
    try:
        left, right = case.truth.answers(ask, case.query, case.detail)
    except BrokenError as broken:
        return [*ask.asked, f"  -> {broken}"]
    except (AssertionError, ArithmeticError) as error:
        return [*ask.asked, f"{type(error).__name__}: {error}"]
    if alike(left, right):
        return []
    return [*ask.asked, *_differences(left, right)]


def shrink(bank: Bank, case: Case) -> Case:
    """The case with everything taken away that the violation does not need."""
    while True:
        for smaller in _smaller(case):
            try:
                if examine(bank, smaller):
                    case = smaller
                    break
            except (RefusedError, CutError, UnsaidError, LookupError, ValueError):
                continue
        else:
            return case


def _smaller(case: Case) -> Iterator[Case]:
    query = case.query
    for key in ("dimensions", "filters", "segments", "measures", "order"):
        items = query.get(key, [])
        for place in range(len(items)) if len(items) > (key == "measures") else ():
            kept = items[:place] + items[place + 1 :]
            yield replace(case, query={**query, key: kept})
    for place, item in enumerate(query.get("filters", [])):
        for inner in item.get("and") or item.get("or") or ():
            filters = [*query["filters"][:place], inner, *query["filters"][place + 1 :]]
            yield replace(case, query={**query, "filters": filters})
        for value in item.get("values", ()) if len(item.get("values", ())) > 1 else ():
            filters = [{**item, "values": [value]}]
            filters = query["filters"][:place] + filters + query["filters"][place + 1 :]
            yield replace(case, query={**query, "filters": filters})
    if "timezone" in query:
        yield replace(case, query=without(query, "timezone"))
    if "timeDimensions" in query:
        yield replace(case, query=without(query, "timeDimensions"))
        (item,) = query["timeDimensions"]
        for key in ("dateRange", "granularity"):
            if key in item and len(item) > 2:
                yield replace(case, query={**query, "timeDimensions": [without(item, key)]})
    more = case.detail.get("measures", ())
    for place in range(len(more)) if len(more) > 1 else ():
        kept = more[:place] + more[place + 1 :]
        yield replace(case, detail={**case.detail, "measures": kept})
    if case.role != "administrator":
        yield replace(case, role="administrator")
    if case.protocol == "wire":
        yield replace(case, protocol="rest")


def alike(left: Any, right: Any) -> bool:
    """Whether two answers are the same; what was divided may differ in its last digits."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(alike(left[key], right[key]) for key in left)
    if isinstance(left, tuple | list) and isinstance(right, tuple | list):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return abs(left - right) <= _ALIKE * max(abs(left), abs(right))
    return bool(left == right)


def _differences(left: Any, right: Any) -> list[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        keys = [k for k in {**left, **right} if not alike(left.get(k), right.get(k))][:4]
        return [f"  {k}: {left.get(k)!s} is not {right.get(k)!s}" for k in keys]
    return [f"  {left!r:.800} is not {right!r:.800}"]


def describe(bank: Bank, case: Case, asked: list[str]) -> str:
    """A violation as it is printed."""
    head = f"{case.truth.name}, bank {bank.name}, {case.role}, {case.protocol}"
    question = json.dumps(case.query)
    detail = json.dumps(case.detail, default=str)
    lines = [head, f"question: {question}", f"with: {detail}", *asked]
    return "\n".join(line[:_MOST_SHOWN] for line in lines)
