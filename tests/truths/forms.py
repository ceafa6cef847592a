"""One question in several forms has one answer; a spoiled one is refused, never broken."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.truths.bank import MOST_ROWS, Asker, Cell, RefusedError
from tests.truths.measures import Query, list_times
from tests.truths.questions import Detail, Drawer, first_view, with_filters, without
from tests.truths.refusals import find_secret
from tests.truths.statements import write_statement
from tests.truths.truths import Answers, Drawn, Truth, add_up, by_key, draw_groups
from tests.wire.test_any_statement import mutate

JUNK: list[Any] = [
    None, True, 0, -1, 1.5e308, 10**40, "", " ", "x" * 500, "\ud800", "'; drop table x", "%_\\",
    [], {}, [[]], {"and": []}, {"or": [{}]}, "2024-02-30", "last 0 days", "9999-12-31", "NaN",
    "transaction.amount", "transactions.@amount", "@branch.branch_path", "balances.*",
]  # fmt: skip


# Forms


def _draw_total(drawer: Drawer) -> Drawn:
    view = drawer.view()
    return drawer.with_time(view, drawer.question(view, drawer.any_measures(view))), {}


def _total_and_rows(ask: Asker, query: Query, detail: Detail) -> Answers:
    """The total counts the rows of the whole answer, whatever page is asked for."""
    body = ask.bank.load({**query, "total": True, "limit": 1}, ask.role)
    return body["total"], len(ask(query))


def _draw_periods_as_dimensions(drawer: Drawer) -> Drawn:
    drawn = _draw_total(drawer)
    assert drawn is not None
    query, _ = drawn
    item: Query = next(iter(query.get("timeDimensions", [])), {})
    return (query, {}) if "granularity" in item else None


def _period_as_dimension(ask: Asker, query: Query, detail: Detail) -> Answers:
    """A period is the same among the dimensions and under timeDimensions."""
    (item,) = query["timeDimensions"]
    name = f"{item['dimension']}.{item['granularity']}"
    moved: Query = {**query, "dimensions": [*query.get("dimensions", []), name]}
    moved["timeDimensions"] = [without(item, "granularity")] if "dateRange" in item else []
    return by_key(ask(query)), by_key(ask(moved))


def _draw_compared(drawer: Drawer) -> Drawn:
    view = drawer.view()
    times = list_times(view)
    if not times:
        return None
    query = drawer.question(view, drawer.any_measures(view))
    item: Query = {"dimension": drawer.pick.choice(times).name}
    if drawer.pick.random() < 0.5:
        item["granularity"] = drawer.pick.choice(["day", "month", "quarter"])
    periods = [drawer.period(), drawer.months()]
    return drawer.in_zone({**query, "timeDimensions": [item]}), {"periods": periods}


def _compared_and_single(ask: Asker, query: Query, detail: Detail) -> Answers:
    """Periods that are compared have the answers that each of them has alone."""
    (item,) = query["timeDimensions"]
    compared = {**query, "timeDimensions": [{**item, "compareDateRange": detail["periods"]}]}
    body = ask.bank.load({"limit": MOST_ROWS, **compared}, ask.role, queryType="multi")
    together = [by_key(ask.read(query, result["data"])) for result in body["results"]]
    return together, [
        by_key(ask({**query, "timeDimensions": [{**item, "dateRange": dates}]}))
        for dates in detail["periods"]
    ]


def _draw_written(drawer: Drawer) -> Drawn:
    view = drawer.view()
    dimensions = [
        m
        for m in view.members.values()
        if m.kind == "dimension" and m.type in ("string", "number") and not m.meta.get("personal")
    ]
    item = drawer.leaf(dimensions)
    if item is None or item["operator"] not in ("equals", "notEquals", "in", "notIn", "gt", "lte"):
        return None
    query = drawer.with_time(view, drawer.question(view, drawer.any_measures(view)))
    return query, {"filter": item}


def _expression_and_member(ask: Asker, query: Query, detail: Detail) -> Answers:
    """A condition on an expression that changes no value is the condition on the member."""
    item = detail["filter"]
    model = ask.bank.engine.model
    name = item["member"]
    is_text = model.views[first_view(query)].members[name].type == "string"
    short = name.split(".", 1)[1]
    spelled = {name: f"({short} || '')" if is_text else f"({short} + 0)"}
    sql = write_statement(with_filters(query, item), model, ask.bank.today, spelled)
    ask.asked.append(f"as {ask.role}: {sql}")
    found = ask.bank.execute(sql, ask.role)
    return by_key(ask.split(query, found)), by_key(ask(with_filters(query, item)))


OUTER = {
    "sub-select": "select {sums} from ({inner}) as t ({names})",
    "common table": "with t ({names}) as ({inner}) select {sums} from t",
    "grouped again": "select sum(s0) from (select {first}, sum({last}) "
    "from ({inner}) as t ({names}) group by 1) as u (k, s0)",
}


def _draw_outer(drawer: Drawer) -> Drawn:
    drawn = draw_groups(drawer)
    if drawn is None:
        return None
    query = {**drawn[0], "measures": drawn[0]["measures"][:1]}
    return query, {"form": drawer.pick.choice([*OUTER, "list"])}


def _outer_and_total(ask: Asker, query: Query, detail: Detail) -> Answers:
    """A statement around groups, or around a list of rows, adds them up to the measure's total."""
    columns = [f"c{place}" for place in range(len(query["dimensions"]) + 1)]
    model, today = ask.bank.engine.model, ask.bank.today
    total = {**query, "dimensions": []}
    if detail["form"] == "list":
        names = [name.split(".", 1)[1] for name in [*query["dimensions"], *query["measures"]]]
        view, _, rest = write_statement(total, model, today).partition(" from ")[2].partition(" ")
        shown = ", ".join(
            f"{name} as {column}" for name, column in zip(names, columns, strict=True)
        )
        sql = f"select sum({columns[-1]}) from (select {shown} from {view} {rest}) as t"
    else:
        sql = OUTER[detail["form"]].format(
            inner=write_statement(query, model, today),
            names=", ".join(columns),
            sums=f"sum({columns[-1]})",
            first=columns[0],
            last=columns[-1],
        )
    ask.asked.append(f"as {ask.role}: {sql}")
    found = ask.split(total, ask.bank.execute(sql, ask.role))
    return add_up(found, lambda key: ()), add_up(ask.by("rest")(total), lambda key: ())


# Spoiled questions


def spoil(value: Any, pick: random.Random) -> Any:
    """A value with one part of it replaced, left out, doubled or wrapped."""
    if pick.random() < 0.8 and value:
        if isinstance(value, dict):
            return _spoil_object(value, pick)
        if isinstance(value, list):
            return _spoil_list(value, pick)
        if isinstance(value, str):
            place = pick.randrange(len(value))
            return value[:place] + pick.choice(["", ".", "@", "é", value]) + value[place + 1 :]
    return pick.choice([*JUNK, [value], {"value": value}])


def _spoil_object(value: dict[str, Any], pick: random.Random) -> dict[str, Any]:
    key = pick.choice(sorted(value))
    match pick.randrange(6):
        case 0:
            return without(value, key)
        case 1:
            return {**value, pick.choice(["and", "or", "member", "limit", key[::-1]]): value[key]}
    return {**value, key: spoil(value[key], pick)}


def _spoil_list(value: list[Any], pick: random.Random) -> list[Any]:
    place = pick.randrange(len(value))
    if pick.random() < 0.2:
        return value + value[place:]
    return [*value[:place], spoil(value[place], pick), *value[place + 1 :]]


def _draw_spoiled(drawer: Drawer) -> Drawn:
    drawn = _draw_total(drawer)
    assert drawn is not None
    query: Any = drawn[0]
    if drawer.protocol == "wire":
        sql = write_statement(
            without(query, "timezone"), drawer.bank.engine.model, drawer.bank.today
        )
        return query, {"sql": mutate(sql, drawer.pick)}
    spoiled = query
    for _ in range(drawer.pick.randint(1, 3)):
        spoiled = spoil(spoiled, drawer.pick)
    return query, {"spoiled": spoiled}


def _spoiled_and_refused(ask: Asker, query: Query, detail: Detail) -> Answers:
    """Answered or refused, and a refusal names nothing but what was said and may be seen."""
    sent = detail.get("sql") or json.dumps(detail["spoiled"])
    ask.asked.append(f"as {ask.role}: {sent}")
    try:
        if "sql" in detail:
            ask.bank.execute(sent.replace("\0", ""), ask.role)
        else:
            ask.bank.load(detail["spoiled"], ask.role)
    except RefusedError as refusal:
        message = str(refusal)
        ask.asked.append(f"  -> {message}")
        secret: Cell = find_secret(ask.bank, ask.role, message)
        return (bool(message.strip()), secret is None or str(secret) in sent), (True, True)
    return (True, True), (True, True)


FORMS = [
    Truth("a total counts the rows", 2, _draw_total, _total_and_rows, ("rest",)),
    Truth(
        "a period is one among dimensions",
        2,
        _draw_periods_as_dimensions,
        _period_as_dimension,
        ("rest",),
    ),
    Truth("compared periods are single ones", 2, _draw_compared, _compared_and_single, ("rest",)),
    Truth(
        "an expression of a member is the member",
        4,
        _draw_written,
        _expression_and_member,
        ("wire",),
    ),
    Truth("outer statements add up groups", 4, _draw_outer, _outer_and_total, ("wire",)),
    Truth(
        "a spoiled question is answered or refused",
        12,
        _draw_spoiled,
        _spoiled_and_refused,
        shrinks=False,
    ),
]
