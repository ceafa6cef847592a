"""What must hold of any answers: each truth draws a question, and gives answers that are the same.

A truth is a pair of functions. One draws a question and what else it takes; the other asks what it
needs of an `Asker` and returns two answers. A drawn question may be one that is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cube.compiler.compiled import Member
from cube.compiler.measures import Window
from tests.truths.bank import Asker, Cell, Rows
from tests.truths.measures import (
    Query,
    filter_members,
    is_additive,
    list_measures,
    period_members,
    source_of,
)
from tests.truths.questions import Detail, Drawer, first_view, with_filters, without

Answers = tuple[Any, Any]
Drawn = tuple[Query, Detail] | None
Key = tuple[Cell, ...]


@dataclass(frozen=True)
class Truth:
    """``draw`` makes a question, None where the role's views have none; ``answers`` are alike.

    Args:
        name: as it is printed.
        weight: how often it is tried.
        draw: a question, and what else the truth is about.
        answers: two answers that must be the same.
        protocols: over which it is tried.
        shrinks: whether less of the question can be asked.
    """

    name: str
    weight: int
    draw: Callable[[Drawer], Drawn]
    answers: Callable[[Asker, Query, Detail], Answers]
    protocols: tuple[str, ...] = ("rest", "wire")
    shrinks: bool = True


# Groups


def draw_groups(drawer: Drawer) -> Drawn:
    """Additive measures by members that are no periods."""
    view = drawer.view()
    found = [member for member in list_measures(view) if is_additive(member)]
    if not found:
        return None
    names = drawer.some(found)
    query = drawer.question(view, names, dimensions=drawer.pick.choice([1, 1, 2]))
    periods = period_members([view.members[name] for name in names])
    if any(view.members[name].source.id in periods for name in query["dimensions"]):
        return None
    return drawer.in_zone(query), {}


def _groups_and_total(ask: Asker, query: Query, detail: Detail) -> Answers:
    total = ask({**query, "dimensions": []})
    return add_up(ask(query), lambda key: ()), add_up(total, lambda key: ())


# Complements

_OPPOSITES = {
    "equals": "notEquals",
    "in": "notIn",
    "set": "notSet",
    "contains": "notContains",
    "startsWith": "notStartsWith",
    "endsWith": "notEndsWith",
}
_OPPOSITES |= {right: left for left, right in _OPPOSITES.items()}
_OPPOSITES_OF_KNOWN = {
    "gt": "lte",
    "gte": "lt",
    "inDateRange": "notInDateRange",
    "onTheDate": "notInDateRange",
    "beforeDate": "afterOrOnDate",
    "beforeOrOnDate": "afterDate",
}
_OPPOSITES_OF_KNOWN |= {
    right: left for left, right in _OPPOSITES_OF_KNOWN.items() if left != "onTheDate"
}


def complement(item: Query) -> Query:
    """The filter that keeps the other rows, those without a value too."""
    if item["operator"] in _OPPOSITES:
        return {**item, "operator": _OPPOSITES[item["operator"]]}
    other = {**item, "operator": _OPPOSITES_OF_KNOWN[item["operator"]]}
    return {"or": [other, {"member": item["member"], "operator": "notSet"}]}


def _draw_parts(drawer: Drawer) -> Drawn:
    view = drawer.view()
    found = [member for member in list_measures(view) if is_additive(member)]
    if not found:
        return None
    names = drawer.some(found)
    periods = period_members([view.members[name] for name in names])
    dimensions = [
        m for m in view.members.values() if m.kind == "dimension" and m.source.id not in periods
    ]
    item = drawer.leaf(dimensions)
    if item is None:
        return None
    return drawer.with_time(view, drawer.question(view, names)), {"filter": item}


def _parts_and_whole(ask: Asker, query: Query, detail: Detail) -> Answers:
    item = detail["filter"]
    parts = [*ask(with_filters(query, item)), *ask(with_filters(query, complement(item)))]
    return add_up(parts, lambda key: key), add_up(ask(query), lambda key: key)


# More measures


def _draw_more(drawer: Drawer) -> Drawn:
    view = drawer.view()
    measures = drawer.any_measures(view)
    more = drawer.any_measures(view)
    if any(_is_window(view.members[name]) for name in measures) and len(view.facts) > 1:
        return None
    query = drawer.with_time(view, drawer.question(view, measures))
    return query, {"measures": [name for name in more if name not in measures]}


def _more_measures(ask: Asker, query: Query, detail: Detail) -> Answers:
    """The rows of both; where only the greater question has a row, it is empty."""
    alone = by_key(ask(query))
    names = [*query["measures"], *detail["measures"]]
    together = by_key(ask({**query, "measures": names}))
    count = len(query["measures"])
    nothing = (None,) * count
    cut = {key: values[:count] for key, values in together.items()}
    keys = dict.fromkeys([*alone, *cut])
    left = {key: _nulls(alone.get(key, nothing)) for key in keys}
    right = {key: _nulls(cut.get(key, nothing)) for key in keys}
    return (left, set(alone) - set(cut)), (right, set())


def _is_window(member: Member) -> bool:
    return any(isinstance(part, Window) for part in source_of(member).components.values())


# Roles


def _draw_role(drawer: Drawer) -> Drawn:
    if drawer.role == "administrator":
        return None
    view = drawer.view()
    rules = drawer.bank.predicates.get(drawer.role, {})
    if any(f"{view.definition.name}.{name}" not in view.members for name in rules):
        return None
    query = drawer.with_time(view, drawer.question(view, drawer.any_measures(view)))
    masked = {
        name
        for name, member in view.members.items()
        if member.meta.get("personal") and drawer.role == "analyst"
    }
    if masked & {*query["dimensions"], *_filtered(query)}:
        return None
    return query, {}


def _role_and_administrator(ask: Asker, query: Query, detail: Detail) -> Answers:
    """A role sees what the administrator does who asks for its rows only."""
    view = first_view(query)
    rules = ask.bank.predicates.get(ask.role, {})
    items = [
        {"member": f"{view}.{name}", "operator": "equals", "values": values}
        for name, values in rules.items()
    ]
    limits = [{"or": items} if len(items) > 1 else items[0]] if items else []
    expected = ask.as_role("administrator")(with_filters(query, *limits))
    return by_key(ask(query)), by_key(expected)


# Protocols, pages, order, rollups


def _draw_any(drawer: Drawer) -> Drawn:
    view = drawer.view()
    query = drawer.with_time(view, drawer.question(view, drawer.any_measures(view)))
    if drawer.pick.random() < 0.2:
        query = with_filters(query, drawer.having(query["measures"]))
    return without(query, "timezone"), {}


def _rest_and_wire(ask: Asker, query: Query, detail: Detail) -> Answers:
    return by_key(ask.by("rest")(query)), by_key(ask.by("wire")(query))


def _draw_pages(drawer: Drawer) -> Drawn:
    drawn = _draw_any(drawer)
    assert drawn is not None
    query, _ = drawn
    keys = [*query["dimensions"], *(t["dimension"] for t in _cut_times(query))]
    if not keys:
        return None
    first = drawer.pick.choice([*keys, *query["measures"]])
    names = dict.fromkeys([first, *drawer.pick.sample(keys, len(keys))])
    order = [[name, drawer.pick.choice(["asc", "desc"])] for name in names]
    return {**query, "order": order}, {"size": drawer.pick.randint(1, 12)}


def _pages_and_whole(ask: Asker, query: Query, detail: Detail) -> Answers:
    size, most = detail["size"], 6
    whole = ask(query)[: size * most]
    pages = [ask({**query, "limit": size, "offset": size * place}) for place in range(most)]
    return [row for page in pages for row in page], whole


def _draw_order(drawer: Drawer) -> Drawn:
    drawn = _draw_pages(drawer)
    if drawn is None:
        return None
    return drawn[0], {"reverse": drawer.pick.random() < 0.5}


def _order_and_rows(ask: Asker, query: Query, detail: Detail) -> Answers:
    order = list(reversed(query["order"])) if detail["reverse"] else []
    return by_key(ask(query)), by_key(ask({**query, "order": order}))


def _draw_rollup(drawer: Drawer) -> Drawn:
    """A question that a rollup answers."""
    facts = set(drawer.bank.engine.model.rollups)
    names = [name for name, view in drawer.views.items() if facts & set(view.facts)]
    for _ in range(20):
        view = drawer.view(*names)
        query = drawer.question(view, drawer.any_measures(view), filtered=0.3)
        query = drawer.with_time(view, query)
        if drawer.bank.has_rollup(query, drawer.role):
            return query, {}
    return None


def _rollup_and_fact(ask: Asker, query: Query, detail: Detail) -> Answers:
    return by_key(ask(query)), by_key(ask.without_rollups(query))


# Distinct counts


def _draw_bounds(drawer: Drawer) -> Drawn:
    view = drawer.view()
    found = [m for m in list_measures(view) if _is_distinct(m)]
    if not found:
        return None
    return drawer.in_zone(drawer.question(view, drawer.some(found, 1), dimensions=1)), {}


def _distinct_and_bounds(ask: Asker, query: Query, detail: Detail) -> Answers:
    """A distinct count is at least that of any group, and at most their sum."""
    groups = [_count_of(values) for _, values in ask(query)]
    whole = sum((_count_of(values) for _, values in ask({**query, "dimensions": []})), Decimal(0))
    return max(groups, default=Decimal(0)) <= whole <= sum(groups, Decimal(0)), True


def _count_of(values: tuple[Cell, ...]) -> Decimal:
    return values[0] if isinstance(values[0], Decimal) else Decimal(0)


def _is_distinct(member: Member) -> bool:
    return source_of(member).definition.type == "count_distinct" and not any(
        part.frame or part.stages or part.shifts for part in source_of(member).aggregates
    )


# Comparisons


def by_key(rows: Rows) -> dict[Key, tuple[Cell, ...]]:
    """Rows by their groups, each of which is there once."""
    found = dict(rows)
    if len(found) != len(rows):
        raise AssertionError(f"a group is there twice among {rows[:8]}")
    return found


def add_up(rows: Iterable[Any], group: Callable[[Key], Key]) -> dict[Key, tuple[Cell, ...]]:
    """Values added up; groups without any value are left out."""
    sums: dict[Key, list[Cell]] = {}
    for key, values in rows:
        found = sums.setdefault(group(key), [None] * len(values))
        for place, value in enumerate(values):
            if value is not None:
                assert isinstance(value, Decimal)
                before = found[place]
                found[place] = value + (before if isinstance(before, Decimal) else Decimal(0))
    return {key: _nulls(tuple(values)) for key, values in sums.items() if any(values)}


def _nulls(values: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Counts of nothing are 0, sums of nothing null: beside rows that are not there, both."""
    return tuple(None if value == 0 else value for value in values)


def _filtered(query: Query) -> set[str]:
    return {name for item in query.get("filters", []) for name in filter_members(item)}


def _cut_times(query: Query) -> list[Query]:
    return [item for item in query.get("timeDimensions", []) if "granularity" in item]


TRUTHS = [
    Truth("groups add up to the total", 8, draw_groups, _groups_and_total),
    Truth("a filter and its complement add up to the whole", 8, _draw_parts, _parts_and_whole),
    Truth("more measures change nothing", 8, _draw_more, _more_measures),
    Truth(
        "a role is the administrator under its predicate", 8, _draw_role, _role_and_administrator
    ),
    Truth("REST is the wire", 10, _draw_any, _rest_and_wire, ("rest",)),
    Truth("pages join to the whole", 3, _draw_pages, _pages_and_whole),
    Truth("order changes no rows", 3, _draw_order, _order_and_rows),
    Truth("rollups are the fact", 5, _draw_rollup, _rollup_and_fact, ("rest",)),
    Truth("distinct counts are within bounds", 2, _draw_bounds, _distinct_and_bounds),
]
