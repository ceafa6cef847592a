"""The period that the filters of a query leave of a time: rolling windows need it as a range."""

from __future__ import annotations


def find_bounds(
    filters: list[dict[str, object]], name: str
) -> tuple[str, str, list[dict[str, object]]] | None:
    """First and last moment that filters leave of a time, and those filters."""
    firsts = {"afterOrOnDate": 0}
    found: dict[str, str] = {}
    used = []
    flat = [f for item in filters for f in (_pair(item) or [item])]
    for item in flat:
        if item.get("member") != name:
            continue
        values = item.get("values")
        assert values is None or isinstance(values, list)
        if item["operator"] in firsts and values:
            found.setdefault("first", str(values[0]))
        elif item["operator"] == "beforeOrOnDate" and values:
            found.setdefault("last", str(values[0]))
        else:
            continue
        used.append(item)
    if len(found) < 2 or len(used) > 2 or found["last"] < found["first"]:  # noqa: PLR2004
        return None
    pairs = [item for item in filters if (pair := _pair(item)) and all(p in used for p in pair)]
    return found["first"], found["last"], used + pairs


def _pair(item: dict[str, object]) -> list[dict[str, object]] | None:
    """The two filters of a BETWEEN."""
    both = item.get("and")
    return both if isinstance(both, list) else None
