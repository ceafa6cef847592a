"""What goes into a workbook: tables, each of which asks one view of the cubes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs

import yaml
from pydantic import BaseModel, ConfigDict, Field

from bankcrm.errors import BankcrmError

TABLES_FILE = Path(__file__).with_name("tables.yml")
MONTH = "date.month"
"""Every view has a calendar; a table is by month unless it is the user's own."""

BEFORE_ALL = date(1900, 1, 1)
AFTER_ALL = date(2999, 12, 31)

Language = Literal["en", "zh"]


class InvalidExport(BankcrmError):
    """What was asked for cannot be a workbook."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Table(_Frozen):
    """One sheet: members of a view without its name, a time with its granularity."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    title_zh: str = ""
    about: str = ""
    about_zh: str = ""
    adds_up: str = ""
    adds_up_zh: str = ""
    view: str
    dimensions: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    filters: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    period: tuple[date, date] | None = None
    """Its own period; that of the workbook where there is none."""

    def text(self, key: Literal["title", "about", "adds_up"], language: Language) -> str:
        """A text of the table in a language; in English where there is none."""
        chinese: str = getattr(self, f"{key}_zh")
        english: str = getattr(self, key)
        return chinese if language == "zh" and chinese else english

    def query(self, period: tuple[date, date]) -> dict[str, Any]:
        """The query, as the REST API takes it: ordered by its dimensions, every row."""
        dimensions = [f"{self.view}.{name}" for name in self.dimensions]
        first, last = self.period or period
        query: dict[str, Any] = {
            "measures": [f"{self.view}.{name}" for name in self.measures],
            "dimensions": dimensions,
            "timeDimensions": [
                {
                    "dimension": f"{self.view}.date",
                    "dateRange": [first.isoformat(), last.isoformat()],
                }
            ],
            "order": [[name, "asc"] for name in dimensions],
        }
        if self.segments:
            query["segments"] = [f"{self.view}.{name}" for name in self.segments]
        if self.filters:
            query["filters"] = [self._filter(*item) for item in self.filters]
        return query

    def _filter(self, member: str, operator: str, values: Sequence[str]) -> dict[str, Any]:
        condition: dict[str, Any] = {"member": f"{self.view}.{member}", "operator": operator}
        return {**condition, "values": list(values)} if values else condition


def load_tables(path: Path = TABLES_FILE) -> tuple[Table, ...]:
    """The tables of a workbook that asks for none of its own."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))["tables"]
    tables = tuple(Table.model_validate(item) for item in content)
    return tuple(
        table.model_copy(update={"dimensions": (MONTH, *table.dimensions)}) for table in tables
    )


def own_table(view: str, measures: Sequence[str], dimensions: Sequence[str]) -> Table:
    """A table of the user's own; members may be written with their view."""
    return Table(
        name="own",
        title=view,
        view=view,
        measures=tuple(name.removeprefix(f"{view}.") for name in measures),
        dimensions=tuple(name.removeprefix(f"{view}.") for name in dimensions),
    )


def table_of_link(link: str, business_date: date) -> Table:
    """The table behind a link of the explorer: rows and columns become columns of a flat table.

    Values that a pivot computes from others (shares, comparisons) stand as their measures.

    Raises:
        InvalidExport: it is no link to a pivot.
    """
    page, _, query = link.partition("#")[2].lstrip("/").partition("?")
    given = {key: values[0] for key, values in parse_qs(query).items()}
    if page != "pivot" or not re.fullmatch(r"[a-z_]+", given.get("v", "")):
        raise InvalidExport(
            "the link does not lead to a pivot of the explorer",
            "Open the pivot there and press 'Copy link'; quote the link in the shell.",
        )
    measures = [item.partition(":")[0] for item in _names(given, "m")]
    return Table(
        name="own",
        title=given["v"],
        view=given["v"],
        dimensions=tuple(_names(given, "r") + _names(given, "c")),
        measures=tuple(dict.fromkeys(measures)),
        segments=tuple(_names(given, "s")),
        filters=tuple(_read_filters(given.get("f"))),
        period=_read_period(given.get("p", "this_month"), business_date),
    )


def _names(given: Mapping[str, str], key: str) -> list[str]:
    return [name for name in given.get(key, "").split(",") if name]


def _read_filters(text: str | None) -> list[tuple[str, str, tuple[str, ...]]]:
    """Filters as the explorer writes them; one without a value was still being made."""
    try:
        items = [
            (str(member), str(operator), tuple(map(str, values)))
            for member, operator, values in json.loads(text or "[]")
        ]
    except (ValueError, TypeError) as error:
        raise InvalidExport("the filters of the link cannot be read", "Copy it again.") from error
    return [item for item in items if item[2] or item[1] in {"set", "notSet"}]


def _read_period(text: str, today: date) -> tuple[date, date]:
    """The period of a link, as of a business date: whole months, the running one included."""
    if match := re.fullmatch(r"(\d{4}-\d{2}-\d{2})~(\d{4}-\d{2}-\d{2})", text):
        return date.fromisoformat(match[1]), date.fromisoformat(match[2])
    months_back = {
        "this_month": 0,
        "last_month": 1,
        "this_quarter": (today.month - 1) % 3,
        "this_year": today.month - 1,
        "last_12_months": 11,
    }
    if text == "all":
        return BEFORE_ALL, month_end(today)
    if text not in months_back:
        raise InvalidExport(f"the period '{text}' of the link is not known", "Copy it again.")
    first = month_start(today, months_back[text])
    return first, month_end(first if text == "last_month" else today)


def month_start(day: date, months_before: int = 0) -> date:
    """First day of a month, so many months before that of a day."""
    number = day.year * 12 + day.month - 1 - months_before
    return date(number // 12, number % 12 + 1, 1)


def month_end(day: date) -> date:
    """Last day of the month of a day: months carry it, also the one that runs."""
    return month_start(day, -1) - timedelta(days=1)
