"""Random questions about a bank; the same for the same seed.

Filters, groups and dates are drawn as for the comparison with the stock compiler.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from cube.compiler.compiled import CompiledView, Member
from tests.cube.stock.queries import QueryMaker, reads_clock
from tests.truths.bank import Bank, Protocol
from tests.truths.measures import Query, filter_members, is_day, list_measures, list_times

ZONES = ["UTC", "UTC", "Europe/Prague", "America/New_York", "Asia/Shanghai", "Pacific/Auckland"]


class Drawer(QueryMaker):
    """Draws questions of one role over one protocol."""

    def __init__(self, bank: Bank, role: str, protocol: Protocol, seed: str) -> None:
        super().__init__(bank.engine.model, bank.values, bank.today, seed)
        self.bank = bank
        self.role = role
        self.protocol = protocol
        self.pick = self._random
        self.views = bank.views(role)

    def view(self, *names: str) -> CompiledView:
        """Any view of the role, or one of those that are named and it sees."""
        known = [name for name in names if name in self.views]
        return self.views[self.pick.choice(known or sorted(self.views))]

    def some(self, members: list[Member], most: int = 3) -> list[str]:
        """Names of some members, at least one."""
        count = min(len(members), self.pick.randint(1, most))
        return [member.name for member in self.pick.sample(members, count)]

    def question(
        self,
        view: CompiledView,
        measures: list[str],
        *,
        dimensions: int | None = None,
        filtered: float = 0.6,
    ) -> Query:
        """Measures by some dimensions, with filters and segments of rows."""
        count = self.pick.choice([0, 1, 1, 2]) if dimensions is None else dimensions
        query: Query = {"measures": measures, "dimensions": self._dimensions(view, count)}
        if self.pick.random() < filtered:
            query["filters"] = self._filters(view)
        segments = [m.name for m in view.members.values() if m.kind == "segment"]
        if segments and self.pick.random() < 0.2:
            query["segments"] = self.pick.sample(segments, 1)
        return query

    def with_time(self, view: CompiledView, query: Query) -> Query:
        """The question within dates of one of the view's times, maybe by period, in some zone."""
        times = list_times(view)
        if times and self.pick.random() < 0.6:
            member = self.pick.choice(times)
            item: Query = {"dimension": member.name}
            if self.pick.random() < 0.6:
                units = ["day", "week", "month", "quarter", "year"]
                custom = getattr(member.source, "granularities", {})
                units += [unit for unit in custom if unit.startswith("fiscal")]
                units += [] if is_day(member) else ["hour", "hour"]
                item["granularity"] = self.pick.choice(units)
            if self.pick.random() < 0.6 or len(item) == 1:
                item["dateRange"] = self.period()
            query = {**query, "timeDimensions": [item]}
        return self.in_zone(query)

    def in_zone(self, query: Query) -> Query:
        """The question in some time zone; SQL has none."""
        zone = self.pick.choice(ZONES) if self.protocol == "rest" else "UTC"
        if reads_clock(self.views[first_view(query)], query):
            return query
        return query if zone == "UTC" else {**query, "timezone": zone}

    def any_measures(self, view: CompiledView) -> list[str]:
        """Some measures of whatever kind."""
        return self.some(list_measures(view))

    def period(self) -> list[str]:
        """Dates of a stretch of the bank's life."""
        start = self._today - timedelta(days=self.pick.randint(0, 480))
        end = start + timedelta(days=self.pick.randint(0, 400))
        return [start.isoformat(), end.isoformat()]

    def months(self) -> list[str]:
        """First and last day of some whole months."""
        first = add_months(self._today, -self.pick.randint(0, 14))
        last = add_months(first, self.pick.randint(1, 13)) - timedelta(days=1)
        return [first.isoformat(), last.isoformat()]

    def leaf(self, members: list[Member]) -> Query | None:
        """A filter on one of some members that has values."""
        known = [m for m in members if any(v is not None for v in self._values[m.name])]
        return self._filter(self.pick.choice(known)) if known else None


def add_months(day: date, count: int) -> date:
    """First day of the month so many months later."""
    place = day.year * 12 + day.month - 1 + count
    return date(place // 12, place % 12 + 1, 1)


def has_only(query: Query, names: set[str]) -> bool:
    """Whether every filter is on one of some members."""
    used = {name for item in query.get("filters", []) for name in filter_members(item)}
    return used <= names


def without(query: Query, *keys: str) -> Query:
    """The query without some keys."""
    return {key: value for key, value in query.items() if key not in keys}


def with_filters(query: Query, *items: Query) -> Query:
    """The query with more filters."""
    return {**query, "filters": [*query.get("filters", []), *items]}


def first_view(query: Query) -> str:
    """Name of the view that a query asks."""
    name: str = next(iter([*query["measures"], *query.get("dimensions", [])])).split(".")[0]
    return name


Detail = dict[str, Any]
