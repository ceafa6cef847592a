"""The page: sections from the published version, rendered without a network or a script."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bankcrm.errors import NothingPublished
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import current_version, open_published
from pipelines.documents.report.answers import ANALYSES_FOLDER, Answer, ask
from pipelines.documents.report.charts import draw
from pipelines.documents.report.formats import choose_format, format_cell, is_number, name_column
from pipelines.documents.report.freshness import Freshness, read_freshness
from pipelines.documents.report.layout import Format, InvalidLayout, Layout, Section, read_layout

TEMPLATE = "page.html.j2"
SHORT = 26
"""Length up to which the texts of a column stand on one line."""


@dataclass(frozen=True)
class Figure:
    """One headline figure."""

    name: str
    value: str
    month_end: str


@dataclass(frozen=True)
class Column:
    """A column of a table, and the style class of its cells."""

    name: str
    css: str


@dataclass(frozen=True)
class Part:
    """A section as the page shows it: texts, the chart as SVG, and the first rows."""

    answer: Answer
    chart: Markup | None
    columns: list[Column]
    rows: list[list[str]]
    empty: str

    @property
    def hidden_rows(self) -> int:
        """Rows that the table leaves out."""
        return len(self.answer.rows) - len(self.rows)


def write_report(
    settings: Settings, output: Path | None = None, version: str | None = None
) -> Path:
    """Write the report of a published version.

    Args:
        settings: where everything lies.
        output: file to write; ``<home>/reports/<version>.html`` unless given.
        version: version to report on; the published one unless given.

    Returns:
        The path of the page. The same version gives the same page, but for its notices.

    Raises:
        NothingPublished: there is no version yet.
    """
    version = version or current_version(settings)
    if version is None:
        raise NothingPublished("Nothing is published yet", "Run `bankcrm refresh` first.")
    with open_published(settings, version) as connection:
        freshness = read_freshness(settings, connection, version)
        page = render_report(connection, freshness, read_layout())
    path = output or settings.report_folder / f"{version}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(page, encoding="utf-8")
    return part.replace(path)


def render_report(
    connection: duckdb.DuckDBPyConnection,
    freshness: Freshness,
    layout: Layout,
    folder: Path = ANALYSES_FOLDER,
) -> str:
    """The page as HTML; every text of the bank is escaped.

    Raises:
        InvalidLayout: the layout names a column that its analysis does not have.
        BankcrmError: an analysis is missing or does not run.
    """
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    headline = ask(connection, layout.headline, folder)
    parts = {
        section.analysis: _make_part(section, ask(connection, section.analysis, folder))
        for section in layout.sections
    }
    return templates.get_template(TEMPLATE).render(
        freshness=freshness,
        headline=headline,
        figures=_make_figures(headline),
        chapters=layout.chapters,
        parts=parts,
    )


def _make_figures(headline: Answer) -> list[Figure]:
    names = ("figure", "figure_value", "unit", "month_end")
    if set(names) - set(headline.columns):
        raise InvalidLayout(
            f"{headline.analysis} is no headline: it returns {', '.join(headline.columns)}",
            f"Let it return {', '.join(names)}.",
        )
    rows = zip(*(headline.column(name) for name in names), strict=True)
    forms: dict[str, Format] = {"percent": "percent"}
    return [
        Figure(figure, format_cell(value, forms.get(unit, "whole")), format_cell(month_end))
        for figure, value, unit, month_end in rows
    ]


def _make_part(section: Section, answer: Answer) -> Part:
    unknown = sorted(set(section.columns) - set(answer.columns))
    if unknown:
        raise InvalidLayout(
            f"{section.analysis} has no column {', '.join(unknown)}", "Correct the sections file."
        )
    answer = _write_codes(section, answer)
    svg = draw(section.chart, answer) if section.chart is not None else None
    columns, rows = _make_table(section, answer)
    return Part(
        answer=answer,
        chart=Markup(svg) if svg is not None else None,
        columns=columns,
        rows=rows,
        empty=section.empty,
    )


def _make_table(section: Section, answer: Answer) -> tuple[list[Column], list[list[str]]]:
    if section.latest is not None:
        answer = answer.keep_latest(section.latest)
    shown = answer.drop_columns(section.hide)
    forms = [section.formats.get(name, choose_format(name)) for name in shown.columns]
    columns = [
        Column(name_column(name), _choose_class(shown.column(name), form))
        for name, form in zip(shown.columns, forms, strict=True)
    ]
    rows = [
        [format_cell(value, form) for value, form in zip(row, forms, strict=True)]
        for row in shown.rows[: section.rows]
    ]
    return columns, rows


def _choose_class(values: list[object], form: Format | None) -> str:
    if all(value is None for value in values):
        return "number"
    if form not in ("text", "code") and any(is_number(value) for value in values):
        return "number"
    if any(isinstance(value, date) for value in values):
        return "short"
    return "short" if all(len(str(value)) <= SHORT for value in values) else ""


def _write_codes(section: Section, answer: Answer) -> Answer:
    """The answer with words instead of codes, so that chart and table say the same."""
    codes = [section.formats.get(name) == "code" for name in answer.columns]
    rows = tuple(
        tuple(
            format_cell(value, "code") if is_code and value is not None else value
            for value, is_code in zip(row, codes, strict=True)
        )
        for row in answer.rows
    )
    return replace(answer, rows=rows)
