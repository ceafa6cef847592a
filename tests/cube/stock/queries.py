"""Random queries over every operator, granularity and join shape; the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from typing import Any

from cube.compiler.compiled import CompiledDimension, CompiledView, Member
from cube.compiler.measures import Aggregate, CompiledMeasure, Window
from cube.compiler.model import Model

Query = dict[str, Any]
Values = Mapping[str, Sequence[Any]]

MOST_ROWS = 50_000
STANDARD = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"]
ZONES = ["Europe/Prague", "America/New_York", "Asia/Shanghai", "Asia/Kolkata", "Pacific/Auckland"]
EASTERN = ["Europe/Prague", "Asia/Shanghai", "Asia/Kolkata"]
RELATIVE = [
    "today", "yesterday", "this week", "this month", "this quarter", "this year", "last month",
    "last week", "last 3 days", "last 2 weeks", "last 6 months", "last 2 years", "next month",
    "from 20 days ago to now", "from 2024-02-01 to 2024-02-20",
]  # fmt: skip
TEXT = ["contains", "notContains", "startsWith", "notStartsWith", "endsWith", "notEndsWith"]
SETS = ["equals", "notEquals", "in", "notIn", "set", "notSet"]
NUMBERS = ["gt", "gte", "lt", "lte"]
RANGES = ["inDateRange", "notInDateRange", "onTheDate"]
EDGES = ["beforeDate", "afterOrOnDate"]
OPERATORS = {
    "string": SETS + TEXT,
    "number": SETS + NUMBERS,
    "boolean": ["equals", "notEquals", "set", "notSet"],
    "time": [*RANGES, *EDGES, "set", "notSet"],
}


@dataclass(frozen=True)
class Shape:
    """One family of queries, and how often it is drawn."""

    name: str
    weight: int
    make: Callable[[], Query | list[Query]]


class QueryMaker:
    """Draws queries on the views of a model."""

    def __init__(self, model: Model, values: Values, today: date, seed: int | str) -> None:
        self._random = random.Random(seed)
        self._model = model
        self._values = values
        self._today = today
        shapes = [
            Shape("plain", 10, self._plain),
            Shape("compare", 1, self._compare),
            Shape("blend", 1, self._blend),
            Shape("ungrouped", 1, self._ungrouped),
        ]
        if "postings" in model.views:
            shapes += [
                Shape("fan-out", 4, self._fan_out),
                Shape("rolling", 3, self._rolling),
                Shape("shift", 2, self._shift),
                Shape("window", 2, self._window),
            ]
        self._shapes = shapes
        self._turns = cycle(self._plain_views())

    def make(self) -> tuple[str, Query | list[Query]]:
        """Name of the shape, and a query of it."""
        weights = [shape.weight for shape in self._shapes]
        (shape,) = self._random.choices(self._shapes, weights)
        return shape.name, shape.make()

    # Shapes

    def _plain(self) -> Query:
        """A query of each view in turn, so that none is left out."""
        view = next(self._turns)
        return self._finish(view, self._measures(view, _is_plain), self._time(view))

    def _fan_out(self) -> Query:
        view = self._model.views[self._random.choice(["owners", "chasm", "postings"])]
        return self._finish(view, self._measures(view, _is_plain, 4), self._time(view))

    def _rolling(self) -> Query:
        view = self._model.views["postings"]
        measures = self._measures(view, _is_rolling, 2)
        if self._random.random() < 0.3:
            measures += self._measures(view, _is_plain, 1)
        units: list[str | None] = ["day", "month"]
        if not any(_is_to_date(view.members[name]) for name in measures):
            # Over a period that holds the start of its unit, a stock Cube adds up what ran before.
            units += ["week", None]
        unit = self._random.choice(units)
        time = {"dimension": "postings.day", "dateRange": self._dates()}
        times = [time | ({"granularity": unit} if unit else {})]
        query = {"measures": list(dict.fromkeys(measures)), "timeDimensions": times}
        names = ["is_electronic", "region_name", "source_system"]
        chosen = self._random.sample(names, self._random.choice([0, 0, 1, 2]))
        query["dimensions"] = [f"postings.{name}" for name in chosen]
        filters = self._filters(view, skip_times=True) if self._random.random() < 0.4 else []
        return query | ({"filters": filters} if filters else {})

    def _shift(self) -> Query:
        view = self._model.views["postings"]
        measures = self._measures(view, _is_shifted, 2) + self._measures(view, _is_plain, 1)
        unit = self._random.choice(["week", "month", "quarter", "year"])
        time = {"dimension": "postings.day", "granularity": unit}
        dimensions = self._random.sample(["postings.is_electronic"], self._random.choice([0, 1]))
        return {
            "measures": list(dict.fromkeys(measures)),
            "dimensions": dimensions,
            "timeDimensions": [time],
        }

    def _window(self) -> Query:
        view = self._model.views["postings"]
        names = ["source_system", "branch_name", "channel_name", "region_name"]
        dimensions = [f"postings.{name}" for name in self._random.sample(names, 2)]
        measures = self._measures(view, _is_window, 2)
        filters = self._filters(view) if self._random.random() < 0.4 else []
        query: Query = {"measures": measures, "dimensions": dimensions}
        return query | ({"filters": filters} if filters else {})

    def _compare(self) -> Query:
        view = self._random.choice(self._timed_views())
        member = self._random.choice(_times(view))
        ranges = [self._dates(), self._random.choice(RELATIVE), self._dates()]
        time = {"dimension": member.name, "compareDateRange": ranges}
        if self._random.random() < 0.7:
            time["granularity"] = self._random.choice(["day", "week", "month"])
        return self._finish(view, self._measures(view, _is_plain), [time])

    def _blend(self) -> list[Query]:
        unit = self._random.choice(["day", "week", "month"])
        queries = []
        for view in self._random.choices(self._timed_views(), k=2):
            member = self._random.choice(_times(view))
            time = [{"dimension": member.name, "granularity": unit, "dateRange": self._dates()}]
            queries.append(self._finish(view, self._measures(view, _is_plain, 2), time))
        return queries

    def _ungrouped(self) -> Query:
        view = self._random.choice(self._plain_views())
        fact = view.facts[0]
        measures = [
            name
            for name in self._measures(view, _is_plain)
            if _aggregates(view.members[name])[0].cube == fact
            and all(
                aggregate.kind != "count_distinct_approx"
                for aggregate in _aggregates(view.members[name])
            )
        ]
        query = self._finish(view, measures, [], with_measures=False)
        query.pop("order", None), query.pop("limit", None), query.pop("offset", None)
        return query | {"ungrouped": True, "order": [], "limit": MOST_ROWS}

    # Parts of queries

    def _finish(
        self,
        view: CompiledView,
        measures: list[str],
        times: list[Query],
        *,
        with_measures: bool = True,
    ) -> Query:
        pick = self._random
        dimensions = self._dimensions(view, pick.choice([0, 1, 1, 2, 3]))
        if not measures and not dimensions and not any("granularity" in t for t in times):
            dimensions = self._dimensions(view, 1)
        query: Query = {"measures": measures, "dimensions": dimensions}
        if times:
            query["timeDimensions"] = times
        if pick.random() < 0.6:
            query["filters"] = self._filters(view)
        if with_measures and measures and dimensions and pick.random() < 0.3:
            query["filters"] = [*query.get("filters", []), self.having(measures)]
        segments = [m.name for m in view.members.values() if m.kind == "segment"]
        if segments and pick.random() < 0.3:
            query["segments"] = pick.sample(segments, 1)
        if pick.random() < 0.3 and not reads_clock(view, query):
            query["timezone"] = pick.choice(self._zones(view, query))
        return self._order(query)

    def _order(self, query: Query) -> Query:
        """A full order, with which a page is the same everywhere; or the default order."""
        keys = [*query["dimensions"]]
        keys += [t["dimension"] for t in query.get("timeDimensions", []) if "granularity" in t]
        query["limit"] = MOST_ROWS
        if self._random.random() < 0.5 and keys:
            self._random.shuffle(keys)
            query["order"] = [[key, self._random.choice(["asc", "desc"])] for key in keys]
            if self._random.random() < 0.5:
                query["limit"] = self._random.randint(1, 40)
                query["offset"] = self._random.randint(0, 20)
        return query

    def _measures(
        self, view: CompiledView, fits: Callable[[Member], bool], most: int = 3
    ) -> list[str]:
        names = [m.name for m in view.members.values() if m.kind == "measure" and fits(m)]
        count = min(len(names), self._random.randint(1, most))
        return self._random.sample(names, count)

    def _dimensions(self, view: CompiledView, count: int) -> list[str]:
        names = [
            m.name
            for m in view.members.values()
            if m.kind == "dimension" and m.type != "time" and 1 < len(self._values[m.name]) <= 40
        ]
        return self._random.sample(names, min(count, len(names)))

    def _timed_views(self) -> list[CompiledView]:
        return [view for view in self._plain_views() if _times(view)]

    def _plain_views(self) -> list[CompiledView]:
        """Views of one fact; the stock planner in JavaScript knows no others."""
        views = [view for name, view in self._model.views.items() if name not in _NOT_PLAIN]
        return [view for view in views if len(view.facts) == 1]

    def _time(self, view: CompiledView) -> list[Query]:
        times = _times(view)
        if not times or self._random.random() < 0.3:
            return []
        member = self._random.choice(times)
        time: Query = {"dimension": member.name}
        if self._random.random() < 0.7:
            custom = list(getattr(member.source, "granularities", {}))
            time["granularity"] = self._random.choice(custom)
        if self._random.random() < 0.6 or len(time) == 1:
            relative = self._random.random() < 0.4
            time["dateRange"] = self._random.choice(RELATIVE) if relative else self._dates()
        return [time]

    def _dates(self) -> list[str]:
        start = self._today - timedelta(days=self._random.randint(0, 60))
        end = start + timedelta(days=self._random.randint(0, 40))
        if self._random.random() < 0.1:
            return [start.isoformat()]
        return [start.isoformat(), end.isoformat()]

    def _zones(self, view: CompiledView, query: Query) -> list[str]:
        """A stock compiler moves calendar days into the zone; ours leaves them where they are.

        East of Greenwich whole days come out the same, parts of days do not.
        """
        times = query.get("timeDimensions", [])
        names = [item["dimension"] for item in times] + _filter_members(query.get("filters", []))
        if not any(_is_day(view.members[name]) for name in names):
            return ZONES
        units = [t.get("granularity") for t in times if _is_day(view.members[t["dimension"]])]
        whole = all(unit is None or unit in STANDARD[3:] for unit in units)
        return EASTERN if whole else ["UTC"]

    def _filters(self, view: CompiledView, *, skip_times: bool = False) -> list[Query]:
        members = [
            m
            for m in view.members.values()
            if m.kind == "dimension"
            and len(self._values[m.name]) > 1
            and not (skip_times and m.type == "time")
        ]
        return [self._filter_tree(members, 0) for _ in range(self._random.choice([1, 1, 2]))]

    def _filter_tree(self, members: list[Member], depth: int) -> Query:
        if depth < 2 and self._random.random() < 0.3:
            word = self._random.choice(["and", "or"])
            inner = [self._filter_tree(members, depth + 1) for _ in range(2)]
            return {word: inner}
        return self._filter(self._random.choice(members))

    def _filter(self, member: Member) -> Query:
        values = [value for value in self._values[member.name] if value is not None]
        pick = self._random
        operator = pick.choice(OPERATORS[member.type])
        entry: Query = {"member": member.name, "operator": operator}
        if operator in ("set", "notSet"):
            return entry
        if operator in RANGES:
            relative = pick.random() < 0.3
            return entry | {
                "values": [pick.choice(RELATIVE)] if relative else self._range(operator)
            }
        if operator in EDGES:
            return entry | {"values": [self._dates()[0]]}
        if operator in TEXT:
            return entry | {"values": [self._fragment(str(pick.choice(values)))]}
        count = 1 if operator in NUMBERS or member.type == "boolean" else pick.randint(1, 3)
        chosen: list[Any] = [_as_text(value) for value in pick.choices(values, k=count)]
        if operator in ("equals", "notEquals") and pick.random() < 0.15:
            chosen.append(None)
        return entry | {"values": chosen}

    def _range(self, operator: str) -> list[str]:
        dates = self._dates()
        return [dates[0]] if operator == "onTheDate" or len(dates) == 1 else dates

    def _fragment(self, value: str) -> str:
        """A part of a text, without the characters that LIKE treats as wildcards."""
        start = self._random.randint(0, max(0, len(value) - 2))
        part = value[start : start + self._random.randint(1, 4)]
        return part.replace("%", "").replace("_", "").replace("\\", "") or "a"

    def having(self, measures: list[str]) -> Query:
        member = self._random.choice(measures)
        operator = self._random.choice([*NUMBERS, "set", "notSet", "equals", "notEquals"])
        if operator in ("set", "notSet"):
            return {"member": member, "operator": operator}
        value = self._random.choice(["0", "1", "3", "10", "250.5", "10000"])
        return {"member": member, "operator": operator, "values": [value]}


_NOT_PLAIN = ("owners", "chasm")


def _times(view: CompiledView) -> list[Member]:
    return [m for m in view.members.values() if m.kind == "dimension" and m.type == "time"]


def _is_day(member: Member) -> bool:
    return isinstance(member.source, CompiledDimension) and member.source.is_day


def reads_clock(view: CompiledView, query: Query) -> bool:
    """Whether a query names times of day as they were recorded, which go with no time zone."""
    names = [*query["dimensions"], *_filter_members(query.get("filters", []))]
    sources = [view.members[name].source for name in names]
    return any(isinstance(source, CompiledDimension) and source.is_clock for source in sources)


def _filter_members(filters: Sequence[Query]) -> list[str]:
    names: list[str] = []
    for item in filters:
        if "member" in item:
            names.append(item["member"])
        else:
            names += _filter_members(item.get("and") or item.get("or") or [])
    return names


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _aggregates(member: Member) -> tuple[Aggregate, ...]:
    assert isinstance(member.source, CompiledMeasure)
    return member.source.aggregates


def _is_plain(member: Member) -> bool:
    assert isinstance(member.source, CompiledMeasure)
    components = member.source.components.values()
    return all(
        isinstance(part, Aggregate) and not (part.stages or part.frame or part.shifts)
        for part in components
    )


def _is_rolling(member: Member) -> bool:
    return any(aggregate.frame for aggregate in _aggregates(member))


def _is_to_date(member: Member) -> bool:
    return any(aggregate.frame and aggregate.frame.to_date for aggregate in _aggregates(member))


def _is_shifted(member: Member) -> bool:
    return any(aggregate.shifts for aggregate in _aggregates(member))


def _is_window(member: Member) -> bool:
    assert isinstance(member.source, CompiledMeasure)
    return any(isinstance(part, Window) for part in member.source.components.values())
