"""The workbook as an .xlsx file: an Excel table on each sheet, and two sheets of words.

Rows are written as they come, so that the file is never held in memory as a whole. Every text is
written as a text: what begins like a formula does not become one, not even when it is edited.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.table import Table as ExcelTable
from openpyxl.worksheet.table import TableColumn, TableStyleInfo

from cube.export.definitions import AFTER_ALL, Language
from cube.export.filled import Column, FilledTable, FilledTables
from cube.export.recipe import recipe_of
from cube.export.words import Words, load_words

FORMATS = {
    "amount": "#,##0.00",
    "ratio": "0.0%",
    "number": "#,##0.00",
    "count": "#,##0",
    "integer": "0",
    "month": "yyyy-mm",
    "day": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm:ss",
}
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
HEADER_ROW = 6
BATCH_ROWS = 5_000
_NARROWEST, _WIDEST, _WORDS_WIDTH = 9, 42, 110
_MEASURED_ROWS = 200
_WIDE_SIGN = re.compile(r"[\u2e80-\uffff]")
_TITLE = Font(bold=True, size=14)
_BOLD = Font(bold=True)
_SOFT = Font(color="5D6B7A")
_CODE = Font(name="Consolas", size=10)
_WRAPPED = Alignment(wrap_text=True, vertical="top")


@dataclass(frozen=True)
class Facts:
    """What is said of a workbook: who it is for and when it was made."""

    user: str
    groups: tuple[str, ...]
    period: tuple[date, date]
    """First and last day of the tables without a period of their own."""
    is_open_ended: bool
    """Whether no last day was asked for: then a refresh brings the months to come too."""
    made_at: datetime
    server: str
    language: Language

    @property
    def words(self) -> Words:
        """The texts in its language."""
        return load_words(self.language)


def write_workbook(filled: FilledTables, facts: Facts, path: Path) -> None:
    """Write the workbook; the caller sees to it that the file appears as a whole."""
    book = Workbook(write_only=True)
    book.properties.creator = facts.user
    book.properties.title = f"{facts.words.title} {filled.business_date}"
    _write_about(book, filled, facts)
    for filled_table in filled.tables:
        _write_table(book, filled_table, filled, facts)
    _write_refresh(book, filled, facts)
    book.save(path)


def _write_about(book: Workbook, filled: FilledTables, facts: Facts) -> None:
    words = facts.words
    sheet = book.create_sheet(words.about)
    for letter, width in zip("ABCD", (26, 62, 12, 80), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append([_cell(sheet, words.title, _TITLE)])
    for name, value in _state(filled, facts):
        sheet.append([_cell(sheet, name, _SOFT), _cell(sheet, value)])
    sheet.append([_cell(sheet, words.numbers, _SOFT)])
    sheet.append([])
    heads = (words.sheet, words.holds, words.rows, words.adds_up)
    sheet.append([_cell(sheet, head, _BOLD) for head in heads])
    for filled_table in filled.tables:
        sheet.append(_about_table(sheet, filled_table, facts))
    if filled.unseen:
        names = ", ".join(table.text("title", facts.language) for table in filled.unseen)
        sheet.append([_cell(sheet, words.unseen.format(names=names), _SOFT)])
    sheet.append([])
    sheet.append([_cell(sheet, words.steps_title, _BOLD)])
    for step in words.steps:
        sheet.append([_cell(sheet, step)])


def _state(filled: FilledTables, facts: Facts) -> Iterator[tuple[str, object]]:
    words = facts.words
    periods = {filled_table.table.period or facts.period for filled_table in filled.tables}
    yield words.as_of, filled.business_date
    yield words.version, filled.version
    yield words.period, "; ".join(f"{first} / {last}" for first, last in sorted(periods))
    yield words.user, facts.user
    yield words.groups, ", ".join(facts.groups)
    yield words.made, facts.made_at.replace(tzinfo=None, microsecond=0)


def _about_table(sheet: Any, filled_table: FilledTable, facts: Facts) -> list[Any]:  # noqa: ANN401
    table, words = filled_table.table, facts.words
    holds = table.text("about", facts.language)
    if filled_table.left_out:
        holds = f"{holds} {words.left_out.format(names=', '.join(filled_table.left_out))}".strip()
    return [
        _cell(sheet, table.text("title", facts.language)),
        _cell(sheet, holds, None, _WRAPPED),
        _cell(sheet, filled_table.rows.num_rows),
        _cell(sheet, table.text("adds_up", facts.language), None, _WRAPPED),
    ]


def _write_table(
    book: Workbook, filled_table: FilledTable, filled: FilledTables, facts: Facts
) -> None:
    """Title, notes, then the table itself under a header that stays in sight."""
    sheet = book.create_sheet(sheet_name(filled_table, facts.language))
    sheet.freeze_panes = f"A{HEADER_ROW + 1}"
    for index, width in enumerate(_measure_widths(filled_table), start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    for line in _notes(sheet, filled_table, filled, facts):
        sheet.append([line])
    sheet.append([_cell(sheet, column.title, _BOLD) for column in filled_table.columns])
    for row in _rows(filled_table):
        sheet.append([_value(sheet, *item) for item in zip(row, filled_table.columns, strict=True)])
    if not filled_table.rows.num_rows:
        sheet.append([])
    with warnings.catch_warnings():
        # It asks for the names of the columns, which the table has.
        warnings.filterwarnings("ignore", "In write-only mode")
        sheet.add_table(_excel_table(filled_table))


def _notes(
    sheet: Any,  # noqa: ANN401
    filled_table: FilledTable,
    filled: FilledTables,
    facts: Facts,
) -> Iterator[Any]:
    words, table = facts.words, filled_table.table
    first, last = table.period or facts.period
    texts = (table.text("about", facts.language), table.text("adds_up", facts.language))
    said = " ".join(filter(None, texts))
    filters = "; ".join(" ".join((m, o, ", ".join(v))) for m, o, v in table.filters)
    yield _cell(sheet, table.text("title", facts.language), _TITLE)
    yield _cell(sheet, said, _SOFT)
    yield _cell(
        sheet,
        f"{words.as_of} {filled.business_date} · {words.version} {filled.version} · "
        f"{words.period} {first} / {last}",
    )
    yield _cell(
        sheet,
        f"{words.filters}: {filters or words.none} · {words.user}: {facts.user} · "
        f"{words.groups}: {', '.join(facts.groups)}",
    )
    yield None


def sheet_name(filled_table: FilledTable, language: Language) -> str:
    """Name of a sheet: at most 31 characters, none of those that Excel refuses."""
    return re.sub(r"[\[\]:*?/\\']", " ", filled_table.table.text("title", language))[:31]


def _excel_table(filled_table: FilledTable) -> ExcelTable:
    last = get_column_letter(len(filled_table.columns))
    end = HEADER_ROW + max(filled_table.rows.num_rows, 1)
    table = ExcelTable(
        displayName=f"bankcrm_{filled_table.table.name}", ref=f"A{HEADER_ROW}:{last}{end}"
    )
    table.tableStyleInfo = TableStyleInfo(name="TableStyleMedium2", showRowStripes=True)
    table._initialise_columns()
    for slot, column in zip(table.tableColumns, filled_table.columns, strict=True):
        assert isinstance(slot, TableColumn)
        slot.name = column.title
    return table


def _rows(filled_table: FilledTable) -> Iterator[tuple[object, ...]]:
    for batch in filled_table.rows.to_batches(max_chunksize=BATCH_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _value(sheet: Any, value: object, column: Column) -> Any:  # noqa: ANN401 - openpyxl is untyped
    if value is None:
        return None
    if column.kind == "text":
        return _cell(sheet, str(value))
    cell = WriteOnlyCell(sheet, value)
    if column.kind in FORMATS:
        cell.number_format = FORMATS[column.kind]
    return cell


def _cell(
    sheet: Any,  # noqa: ANN401 - openpyxl is untyped
    value: object,
    font: Font | None = None,
    alignment: Alignment | None = None,
) -> Any:  # noqa: ANN401 - openpyxl is untyped
    """A cell of words. A text is set as one whatever it begins with."""
    if isinstance(value, str):
        cell = WriteOnlyCell(sheet)
        cell.value = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value)
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(FORMULA_SIGNS)
    else:
        cell = WriteOnlyCell(sheet, value)
    if isinstance(value, datetime):
        cell.number_format = FORMATS["time"]
    elif isinstance(value, date):
        cell.number_format = FORMATS["day"]
    if font is not None:
        cell.font = font
    if alignment is not None:
        cell.alignment = alignment
    return cell


def _measure_widths(filled_table: FilledTable) -> Iterator[float]:
    first = filled_table.rows.slice(0, _MEASURED_ROWS).to_pydict()
    for column in filled_table.columns:
        texts = [column.title + "  "]
        if column.kind in ("text", "flag"):
            texts += [str(value) for value in first[column.name] if value is not None]
        yield min(_WIDEST, max(_NARROWEST, _longest(texts) + 2, 15 * (column.kind == "amount")))


def _longest(texts: Iterable[str]) -> int:
    return max(len(text) + len(_WIDE_SIGN.findall(text)) for text in texts)


def _write_refresh(book: Workbook, filled: FilledTables, facts: Facts) -> None:
    """The Power Query recipe of every table, a line a cell, to be copied as they stand."""
    sheet = book.create_sheet(facts.words.refresh)
    sheet.column_dimensions["A"].width = _WORDS_WIDTH
    first, last = facts.period
    period = (first, AFTER_ALL if facts.is_open_ended else last)
    sheet.append([_cell(sheet, facts.words.steps_title, _TITLE)])
    for step in facts.words.steps:
        sheet.append([_cell(sheet, step)])
    for filled_table in filled.tables:
        sheet.append([])
        sheet.append([_cell(sheet, filled_table.table.text("title", facts.language), _BOLD)])
        for line in recipe_of(filled_table, facts.server, period).splitlines():
            sheet.append([_cell(sheet, line, _CODE)])
