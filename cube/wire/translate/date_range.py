"""The period that the filters of a query leave of a time: rolling windows need it as a range."""

from __future__ import annotations

from datetime import datetime, timedelta

_OPERATORS = ("afterOrOnDate", "beforeOrOnDate", "beforeDate")


def find_date_range(
    filters: list[dict[str, object]], name: str
) -> tuple[str, str, list[dict[str, object]]] | None:
    """First and last moment that filters leave of a time, and those filters.

    None where they leave no range, also where it would end before the calendar begins.
    """
    found: dict[str, str] = {}
    used = []
    flat = [f for item in filters for f in (_pair(item, name) or [item])]
    for item in flat:
        if item.get("member") != name:
            continue
        values = item.get("values")
        assert values is None or isinstance(values, list)
        if item["operator"] == "afterOrOnDate" and values:
            found.setdefault("first", str(values[0]))
        elif item["operator"] == "beforeOrOnDate" and values:
            found.setdefault("last", str(values[0]))
        elif item["operator"] == "beforeDate" and values:
            end = datetime.fromisoformat(str(values[0]))
            if end == datetime.min:
                return None
            last = end - timedelta(microseconds=1)
            found.setdefault("last", last.isoformat(timespec="microseconds"))
        else:
            continue
        used.append(item)
    if len(found) < 2 or len(used) > 2 or found["last"] < found["first"]:  # noqa: PLR2004
        return None
    pairs = [item for item in filters if _pair(item, name)]
    return found["first"], found["last"], used + pairs


def _pair(item: dict[str, object], name: str) -> list[dict[str, object]] | None:
    """The two filters of a BETWEEN on a time, which stand in one group."""
    both = item.get("and")
    if not isinstance(both, list):
        return None
    known = (inner.get("member") == name and inner.get("operator") in _OPERATORS for inner in both)
    return both if all(known) else None
