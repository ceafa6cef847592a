"""Truths about time: periods add up, balances, shifts and windows are those of months."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from cube.compiler.compiled import CompiledView, Member
from tests.cube.stock.queries import reads_clock
from tests.truths.bank import Asker, Cell, Rows
from tests.truths.measures import (
    Query,
    filter_members,
    is_day,
    is_flow,
    is_stock,
    list_measures,
    list_rolling,
    list_shifted,
    list_times,
    period_members,
    sole_aggregate,
)
from tests.truths.questions import Detail, Drawer, add_months, first_view, without
from tests.truths.truths import Answers, Drawn, Key, Truth, add_up, by_key

_MONTHS = {"month": 1, "quarter": 3, "year": 12, "fiscal_half": 6, "fiscal_year": 12}
_COARSER = {
    "hour": ["day", "week", "month"],
    "day": ["week", "month", "quarter", "year", "fiscal_half"],
    "month": ["quarter", "year", "fiscal_half", "fiscal_year"],
    "quarter": ["year", "fiscal_half"],
}
_FISCAL_OFFSET = 3


def start_of(day: date, unit: str) -> date:
    """First day of the period that a day lies in."""
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[unit]
    offset = _FISCAL_OFFSET if unit.startswith("fiscal") else 0
    place = (day.year * 12 + day.month - 1 - offset) // months * months + offset
    return date(place // 12, place % 12 + 1, 1)


def read_day(cell: Cell) -> date | None:
    """The day of a time in an answer."""
    return None if cell is None else datetime.fromisoformat(str(cell)).date()


def write_day(day: date) -> str:
    """A day as answers have it."""
    return f"{day.isoformat()}T00:00:00.000"


def cut(query: Query, unit: str | None) -> Query:
    """The question by another period of its one time."""
    (item,) = query["timeDimensions"]
    kept = without(item, "granularity")
    return {**query, "timeDimensions": [{**kept, "granularity": unit} if unit else kept]}


def within(query: Query, first: date, last: date) -> Query:
    """The question in other dates of its one time."""
    (item,) = query["timeDimensions"]
    dates = [first.isoformat(), last.isoformat()]
    return {**query, "timeDimensions": [{**item, "dateRange": dates}]}


# Flows


def _draw_periods(drawer: Drawer) -> Drawn:
    view = drawer.view()
    found = [member for member in list_measures(view) if is_flow(member)]
    times = list_times(view)
    if not found or not times:
        return None
    query = drawer.question(view, drawer.some(found))
    member = drawer.pick.choice(times)
    units = [unit for unit in _COARSER if unit != "hour" or not is_day(member)]
    fine = drawer.pick.choice(units)
    known = getattr(member.source, "granularities", {})
    coarse = drawer.pick.choice([unit for unit in _COARSER[fine] if unit in known])
    item: Query = {"dimension": member.name, "granularity": fine}
    if fine == "hour" or drawer.pick.random() < 0.5:
        item["dateRange"] = drawer.period()
    return drawer.in_zone({**query, "timeDimensions": [item]}), {"coarse": coarse}


def _fine_and_coarse(ask: Asker, query: Query, detail: Detail) -> Answers:
    coarse = detail["coarse"]
    fine = add_up(ask(query), lambda key: (*key[:-1], _move_to_start(key[-1], coarse)))
    return fine, add_up(ask(cut(query, coarse)), lambda key: key)


def _move_to_start(cell: Cell, unit: str) -> Cell:
    day = read_day(cell)
    return None if day is None else write_day(start_of(day, unit))


# Stocks


def _draw_ends(drawer: Drawer) -> Drawn:
    view = drawer.view()
    stocks = [member for member in list_measures(view) if is_stock(member)]
    if not stocks or len(view.facts) > 1:
        return None
    measure = drawer.pick.choice(stocks)
    periods = period_members([measure])
    times = [m for m in list_times(view) if m.source.id in periods]
    query = drawer.question(view, [measure.name])
    names = [
        *query["dimensions"],
        *(n for i in query.get("filters", []) for n in filter_members(i)),
    ]
    if any(view.members[name].source.id in periods for name in names):
        return None
    item: Query = {"dimension": drawer.pick.choice(times).name, "granularity": "quarter"}
    item["granularity"] = drawer.pick.choice(["quarter", "year", "fiscal_half"])
    if drawer.pick.random() < 0.5:
        item["dateRange"] = drawer.period()
    return {**query, "timeDimensions": [item]}, {}


def _period_and_month(ask: Asker, query: Query, detail: Detail) -> Answers:
    """A stock of a period is that of the last month of the bank in it, or of the first."""
    (item,) = query["timeDimensions"]
    unit = item["granularity"]
    view = ask.bank.engine.model.views[first_view(query)]
    part = sole_aggregate(view.members[query["measures"][0]])
    assert part is not None
    latest = part.stages[0].value.key == "max"
    bank = without(query, "filters", "segments", "dimensions")
    months = sorted(
        day
        for (cell,), _ in ask.as_role("administrator")(cut(bank, "month"))
        if (day := read_day(cell)) is not None
    )
    chosen: dict[date, date] = {}
    for month in months if latest else reversed(months):
        chosen[start_of(month, unit)] = month
    by_month = {
        (*key[:-1], _move_to_start(key[-1], unit)): values
        for key, values in ask(cut(query, "month"))
        if read_day(key[-1]) in chosen.values()
    }
    return known(ask(query)), known(by_month.items())


def known(rows: Iterable[tuple[Key, tuple[Cell, ...]]]) -> dict[Key, tuple[Cell, ...]]:
    """Rows with a value other than nothing."""
    return {key: values for key, values in rows if any(value not in (None, 0) for value in values)}


# Shifts and windows


def _draw_shift(drawer: Drawer) -> Drawn:
    view = drawer.view(*_having(drawer, list_shifted))
    found = list(list_shifted(view))
    if not found:
        return None
    measure, base, shift = drawer.pick.choice(found)
    drawn = _draw_months(drawer, view, measure)
    if drawn is None:
        return None
    months = shift.interval.months
    units = [unit for unit, length in _MONTHS.items() if months % length == 0]
    unit = drawer.pick.choice(units)
    (item,) = drawn["timeDimensions"]
    first, last = (date.fromisoformat(day) for day in item["dateRange"])
    first, last = start_of(first, unit), add_months(start_of(last, unit), _MONTHS[unit])
    whole = within(cut(drawn, unit), first, last - timedelta(days=1))
    return whole, {"base": base.name, "months": months}


def _shift_and_earlier(ask: Asker, query: Query, detail: Detail) -> Answers:
    """A figure of earlier stands beside the period that is so much later."""
    (item,) = query["timeDimensions"]
    first, last = (date.fromisoformat(day) for day in item["dateRange"])
    months = detail["months"]
    end = add_months(last + timedelta(days=1), -months) - timedelta(days=1)
    before = within({**query, "measures": [detail["base"]]}, add_months(first, -months), end)
    moved = {
        (*key[:-1], write_day(add_months(day, months))): values
        for key, values in ask(before)
        if (day := read_day(key[-1])) is not None
    }
    return known(ask(query)), known(moved.items())


def _draw_window(drawer: Drawer) -> Drawn:
    view = drawer.view(*_having(drawer, list_rolling))
    found = list(list_rolling(view))
    if not found:
        return None
    measure, base, part = drawer.pick.choice(found)
    drawn = _draw_months(drawer, view, measure)
    frame = part.frame
    if drawn is None or frame is None or frame.leading is None or frame.leading.months:
        return None
    length = None if frame.trailing is None else frame.trailing.months
    if frame.to_date not in (None, "year") or (frame.to_date is None and not length):
        return None
    return cut(drawn, "month"), {
        "base": base.name,
        "months": length if frame.to_date is None else None,
    }


def _window_and_months(ask: Asker, query: Query, detail: Detail) -> Answers:
    """A sum over a window is the sum of the months in it."""
    (item,) = query["timeDimensions"]
    first, last = (date.fromisoformat(day) for day in item["dateRange"])
    length = detail["months"]
    earliest = start_of(first, "year") if length is None else add_months(first, 1 - length)
    base = within({**query, "measures": [detail["base"]]}, earliest, last)
    months: Rows = []
    for key, values in ask(base):
        day = read_day(key[-1])
        assert day is not None
        for later in range(12 if length is None else length):
            month = add_months(day, later)
            inside = first <= month <= last and (length is not None or month.year == day.year)
            if inside:
                months.append(((*key[:-1], write_day(month)), values))
    left = {key: values for key, values in known(ask(query)).items() if read_day(key[-1])}
    return left, known(add_up(months, lambda key: key).items())


def _draw_months(drawer: Drawer, view: CompiledView, measure: Member) -> Query | None:
    """The measure in whole months of a time of its fact, with filters on what is no time."""
    joined = frozenset(drawer.bank.engine.model.cubes[measure.root].joins)
    calendars = {m.source.id[0] for m in view.members.values() if m.name.endswith(".year_number")}
    own = {measure.root} | (joined & calendars)
    times = [m for m in list_times(view) if m.source.id[0] in own and is_day(m)]
    periods = period_members([measure])
    if periods:
        times = [m for m in times if m.source.id in periods]
    query = drawer.question(view, [measure.name])
    names = [
        *query["dimensions"],
        *(n for i in query.get("filters", []) for n in filter_members(i)),
    ]
    if not times or any(view.members[name].source.id[0] in own for name in names):
        return None
    item = {"dimension": drawer.pick.choice(times).name, "granularity": "month"}
    return {**query, "timeDimensions": [{**item, "dateRange": drawer.months()}]}


def _having(drawer: Drawer, list_of: Any) -> list[str]:
    return [name for name, view in drawer.views.items() if list(list_of(view))]


# Ranges

CHANGES = ["2023-03-26T02:30:00", "2023-10-29T02:30:00", "2023-11-05T01:20:00"]
"""Moments that the clocks of some zones skip or show twice."""


def _draw_halves(drawer: Drawer) -> Drawn:
    view = drawer.view(*_having(drawer, lambda v: [m for m in list_times(v) if not is_day(m)]))
    found = [member for member in list_measures(view) if is_flow(member)]
    times = list_times(view)
    if not found or not times:
        return None
    moments = [member for member in times if not is_day(member)]
    member = drawer.pick.choice(moments or times)
    first, last = (date.fromisoformat(day) for day in drawer.period())
    day = first + timedelta(days=drawer.pick.randint(0, (last - first).days))
    middle = datetime.combine(day, datetime.min.time())
    middle += timedelta(minutes=drawer.pick.randrange(1, 1440))
    change = datetime.fromisoformat(drawer.pick.choice(CHANGES))
    if first < change.date() < last:
        middle = change
    dates = [first.isoformat(), last.isoformat()]
    item: Query = {"dimension": member.name, "dateRange": dates}
    query = {**drawer.question(view, drawer.some(found)), "timeDimensions": [item]}
    return drawer.in_zone(query), {"middle": middle.isoformat()}


def _halves_and_range(ask: Asker, query: Query, detail: Detail) -> Answers:
    """What happened before a moment of a range and since add up to the range."""
    (item,) = query["timeDimensions"]
    first, last = item["dateRange"]
    middle = datetime.fromisoformat(detail["middle"])
    before = (middle - timedelta(milliseconds=1)).isoformat(timespec="milliseconds")
    since = middle.isoformat(timespec="milliseconds")
    halves = [
        row
        for dates in ([first, before], [since, last])
        for row in ask({**query, "timeDimensions": [{**item, "dateRange": dates}]})
    ]
    return add_up(halves, lambda key: key), add_up(ask(query), lambda key: key)


# Zones


def _draw_days(drawer: Drawer) -> Drawn:
    view = drawer.view()
    query = drawer.with_time(view, drawer.question(view, drawer.any_measures(view)))
    times = {item["dimension"] for item in query.get("timeDimensions", [])}
    times |= {n for item in query.get("filters", []) for n in filter_members(item)}
    moments = [name for name in times if view.members[name].type == "time"]
    if not all(is_day(view.members[name]) for name in moments) or reads_clock(view, query):
        return None
    return without(query, "timezone"), {"zone": "Pacific/Auckland"}


def _zones_and_days(ask: Asker, query: Query, detail: Detail) -> Answers:
    """No zone moves a calendar day."""
    return by_key(ask({**query, "timezone": detail["zone"]})), by_key(ask(query))


TIMES = [
    Truth("finer periods add up to coarser ones", 8, _draw_periods, _fine_and_coarse),
    Truth("a stock of a period is that of one month", 8, _draw_ends, _period_and_month),
    Truth("a shift is the earlier period", 5, _draw_shift, _shift_and_earlier),
    Truth("a window is the sum of its months", 4, _draw_window, _window_and_months),
    Truth("a range is the sum of its halves", 5, _draw_halves, _halves_and_range),
    Truth("zones move no days", 2, _draw_days, _zones_and_days, ("rest",)),
]
