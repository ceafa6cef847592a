"""A query of the cubes as a statement of PostgreSQL, written without the code that reads it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from cube.compiler.model import Model
from cube.query.dates import parse_moment, parse_range

Query = dict[str, Any]

_ORDERS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_EDGES = {"beforeDate": "<", "beforeOrOnDate": "<=", "afterDate": ">", "afterOrOnDate": ">="}
_LATE = ("afterDate", "beforeOrOnDate")
_PATTERNS = {"contains": "%{}%", "startsWith": "{}%", "endsWith": "%{}"}


class UnsaidError(Exception):
    """SQL has no words for it."""


def write_statement(
    query: Query, model: Model, today: date, spelled: Mapping[str, str] | None = None
) -> str:
    """The SELECT with the same rows, groups before measures.

    Args:
        query: as it is sent over REST.
        model: of the cubes.
        today: the business date, which relative ranges count from.
        spelled: how some members are written in conditions, where not by their names.

    Raises:
        UnsaidError: the query has a time zone.
    """
    return _Writer(model, today, spelled or {}).write(query)


class _Writer:
    def __init__(self, model: Model, today: date, spelled: Mapping[str, str]) -> None:
        self._model = model
        self._spelled = spelled
        self._today = today

    def write(self, query: Query) -> str:
        if query.get("timezone", "UTC") != "UTC":
            raise UnsaidError
        columns = {name: _short(name) for name in query.get("dimensions", ())}
        for item in query.get("timeDimensions", ()):
            if unit := item.get("granularity"):
                column = f"date_trunc('{unit}', {_short(item['dimension'])})"
                columns[f"{item['dimension']}.{unit}"] = column
        measures = {name: f"measure({_short(name)})" for name in query["measures"]}
        if not measures:
            raise UnsaidError
        view = next(iter(measures)).split(".")[0]
        parts = [f"select {', '.join([*columns.values(), *measures.values()])} from {view}"]
        where, having = self._conditions(query)
        parts += [f"where {' and '.join(where)}"] if where else []
        places = ", ".join(str(place + 1) for place in range(len(columns)))
        parts += [f"group by {places}"] if columns else []
        parts += [f"having {' and '.join(having)}"] if having else []
        parts += self._order(query, [*columns, *measures])
        parts += [f"limit {query['limit']}"] if "limit" in query else []
        parts += [f"offset {query['offset']}"] if "offset" in query else []
        return " ".join(parts)

    def _conditions(self, query: Query) -> tuple[list[str], list[str]]:
        where: list[str] = []
        having: list[str] = []
        for item in query.get("timeDimensions", ()):
            if "dateRange" in item:
                name = _short(item["dimension"])
                where.append(f"({self._range(name, item['dateRange'])})")
        where += [_short(name) for name in query.get("segments", ())]
        for item in query.get("filters", ()):
            (having if self._is_measure(item) else where).append(f"({self._filter(item)})")
        return where, having

    def _order(self, query: Query, names: list[str]) -> list[str]:
        keys = []
        for name, direction in query.get("order", ()):
            matching = [n for n in names if n == name or n.rpartition(".")[0] == name]
            keys.append(f"{names.index(matching[0]) + 1} {direction}")
        return [f"order by {', '.join(keys)}"] if keys else []

    def _is_measure(self, item: Query) -> bool:
        while "member" not in item:
            item = (item.get("and") or item["or"])[0]
        return self._kind(item["member"]) == "measure"

    def _kind(self, name: str) -> str:
        return self._model.views[name.split(".", maxsplit=1)[0]].members[name].kind

    def _type(self, name: str) -> str:
        return self._model.views[name.split(".", maxsplit=1)[0]].members[name].type

    def _filter(self, item: Query) -> str:
        for word in ("and", "or"):
            if word in item:
                return f" {word} ".join(f"({self._filter(inner)})" for inner in item[word])
        name, operator, values = item["member"], item["operator"], item.get("values", [])
        left = self._spelled.get(name) or _short(name)
        if self._kind(name) == "measure":
            left = f"measure({left})"
        return self._condition(left, self._type(name), operator, values)

    def _condition(self, left: str, kind: str, operator: str, values: list[Any]) -> str:  # noqa: PLR0911
        if operator in ("set", "notSet"):
            return f"{left} is {'not ' if operator == 'set' else ''}null"
        if operator in ("equals", "in"):
            return self._one_of(left, kind, values)
        if operator in ("notEquals", "notIn"):
            return self._none_of(left, kind, values)
        if operator in _ORDERS:
            return f"{left} {_ORDERS[operator]} {self._value(kind, values[0])}"
        if operator in _EDGES:
            moment = parse_moment(values[0], end=operator in _LATE)
            return f"{left} {_EDGES[operator]} {_text(moment)}"
        if operator in ("inDateRange", "onTheDate"):
            return self._range(left, values)
        if operator == "notInDateRange":
            return f"not ({self._range(left, values)})"
        word = operator.removeprefix("not")
        pattern = _PATTERNS[word[0].lower() + word[1:]]
        found = " or ".join(f"{left} ilike {_pattern(pattern, str(v))}" for v in values)
        return found if word == operator else f"not ({found}) or {left} is null"

    def _one_of(self, left: str, kind: str, values: list[Any]) -> str:
        known = [self._value(kind, value) for value in values if value is not None]
        parts = [f"{left} in ({', '.join(known)})"] if known else []
        parts += [f"{left} is null"] if None in values else []
        return " or ".join(parts)

    def _none_of(self, left: str, kind: str, values: list[Any]) -> str:
        known = [self._value(kind, value) for value in values if value is not None]
        differs = f"{left} not in ({', '.join(known)})" if known else f"{left} is not null"
        return differs if None in values else f"{differs} or {left} is null"

    def _range(self, left: str, values: str | list[str]) -> str:
        given = values[0] if isinstance(values, list) and len(values) == 1 else values
        first, last = parse_range(given, self._today)
        return f"{left} between {_text(first)} and {_text(last)}"

    def _value(self, kind: str, value: Any) -> str:
        if kind == "time":
            return _text(parse_moment(str(value)))
        if kind in ("number", "boolean"):
            return str(value)
        return _quote(str(value))


def _short(name: str) -> str:
    return name.split(".", 1)[1]


def _text(moment: datetime) -> str:
    return f"timestamp {_quote(moment.isoformat(sep=' ', timespec='microseconds'))}"


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _pattern(shape: str, text: str) -> str:
    for letter in "\\%_":
        text = text.replace(letter, f"\\{letter}")
    return _quote(shape.format(text))
