"""What the report shows: sections as data, each an analysis with its chart."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bankcrm.errors import BankcrmError

LAYOUT_FILE = Path(__file__).parent / "sections.yml"
Format = Literal["whole", "money", "percent", "number", "text", "code"]


class InvalidLayout(BankcrmError):
    """The sections of the report are not well formed, or name a column that is not there."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Chart(_Frozen):
    """How the rows of an analysis are drawn; every field but ``kind`` names columns.

    ``bars``: one horizontal bar for each ``category``, as long as ``value``.
    ``columns``: one column for each ``category``, stacked by ``color``.
    ``lines``: ``value`` along ``category``, one line for each ``color``.
    ``heat``: a cell for each ``category`` (across) and ``color`` (down), as full as ``value``.
    ``latest`` names a column of which only the rows with the highest value are drawn.
    """

    kind: Literal["bars", "columns", "lines", "heat"]
    category: str
    value: str
    color: str | None = None
    latest: str | None = None
    most: int = 15
    """Categories drawn at most by ``bars``; the table has the others."""

    @property
    def columns(self) -> list[str]:
        """Columns that the chart needs."""
        named = (self.category, self.value, self.color, self.latest)
        return [name for name in named if name is not None]


class Section(_Frozen):
    """One analysis: its chart, and the table beneath."""

    analysis: str
    """File below ``analyses/``, without its ending; its first comment is title and explanation."""
    chart: Chart | None = None
    formats: dict[str, Format] = Field(default_factory=dict)
    """Formats of columns, by name; a column without one is written by its type and name."""
    hide: tuple[str, ...] = ()
    """Columns that the table leaves out."""
    latest: str | None = None
    """Column of which the table shows only the rows with the highest value."""
    rows: int = 12
    """Rows of the table; the page says how many more there are. 0 leaves the table out."""
    empty: str = "There are no rows: the bank has not delivered what this analysis needs."

    @property
    def columns(self) -> list[str]:
        """Columns that the table needs."""
        latest = [self.latest] if self.latest is not None else []
        return [*self.formats, *self.hide, *latest]


class Chapter(_Frozen):
    """Sections under one heading."""

    title: str
    sections: tuple[Section, ...]


class Layout(_Frozen):
    """The report: an analysis of headline figures, and the chapters in their order."""

    headline: str
    chapters: tuple[Chapter, ...]

    @property
    def sections(self) -> list[Section]:
        """Sections of all chapters, in their order."""
        return [section for chapter in self.chapters for section in chapter.sections]


def read_layout(path: Path = LAYOUT_FILE) -> Layout:
    """The sections of the report.

    Raises:
        InvalidLayout: the file is not well formed.
    """
    try:
        return Layout.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise InvalidLayout(f"{path.name}: {error}", "Correct the sections file.") from error
