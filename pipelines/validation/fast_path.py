"""The fast path: small files that are written plainly, every field of them.

A field is plain when its text needs no normalising and is a legal value of its column on sight: no
quotes, no surrounding spaces, no characters that could be composed or mistaken for others, codes
in upper case and among the accepted ones, decimals and dates in the form of their type. One
regular expression decides it for a whole file. DuckDB then reads typed columns at once, and only
bounds, rules between fields and repeated keys are left to check, which :func:`plain_figures_sql`
does. A file that is not plain, or not clean, takes the general path
(:mod:`pipelines.validation.dispositions`), so this module never rejects a row. It is worth it
because planning the general path costs a small file more than everything else.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache

from bankcrm.sql import quote_names, quote_text
from pipelines.contracts.contract import Column, Contract
from pipelines.validation.dispositions import has_duplicate_keys_sql
from pipelines.validation.figures import effective_date_sql, sum_sql
from pipelines.validation.header import split_header
from pipelines.validation.row_rules import DECIMALS, OF_VALUES, column_rules, row_rule
from pipelines.validation.text_file import TextFile

_MONTH_AND_DAY = "(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_DATE = f"(?:18[5-9][0-9]|19[0-9]{{2}}|2[01][0-9]{{2}}|2200)-{_MONTH_AND_DAY}"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
_TYPED = {
    "date": _DATE,
    "timestamp": f"{_DATE}[ T]{_TIME}",
    "integer": "-?[0-9]{1,9}",
    "boolean": "[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]",
}
_STABLE = re.compile("[\x00-\x7f\u00c0-\u024f\u4e00-\u9fff]*+")
"""ASCII, composed letters and ideographs: characters that normalising leaves as they are."""
_SCIENTIFIC = r"[0-9](?:\.[0-9]+)?[eE][+-][0-9]"
_LINE_END = r"(?:\r?\n|\Z)"


def is_plain(text: TextFile, contract: Contract) -> bool:
    """Whether a file is small, has the columns of its contract, and every field is plain."""
    rows, delimiter = text.rows, contract.format.delimiter
    if rows is None or split_header(text.header_line, delimiter) != contract.column_names:
        return False
    if not rows.isascii() and not _STABLE.fullmatch(rows):
        return False
    return _compile_rows(contract.columns, delimiter).fullmatch(rows) is not None


@cache
def _compile_rows(columns: tuple[Column, ...], delimiter: str) -> re.Pattern[str]:
    """Pattern of lines that are plain and none of which is the header again."""
    mark = re.escape(delimiter)
    names = mark.join(f"(?i:{column.name})" for column in columns[:2])
    fields = mark.join(_field_pattern(column, delimiter) for column in columns)
    header = f"{names}(?:{mark}|{_LINE_END})"
    return re.compile(rf"(?:(?=[^\r\n])(?!{header}){fields}{_LINE_END})*+")


def _field_pattern(column: Column, delimiter: str) -> str:
    pattern = _value_pattern(column, delimiter)
    if column.words_for_null and column.type in ("id", "text", "code"):
        words = "|".join(map(re.escape, column.words_for_null))
        pattern = f"(?!(?:{words})(?:{re.escape(delimiter)}|{_LINE_END}))(?:{pattern})"
    return f"(?:{pattern})?" if column.nullable else f"(?:{pattern})"


def _value_pattern(column: Column, delimiter: str) -> str:
    if column.type in DECIMALS:
        whole, decimals = DECIMALS[column.type]
        return rf"-?[0-9]{{1,{whole}}}(?:\.[0-9]{{1,{decimals}}})?"
    if column.type in _TYPED:
        return _TYPED[column.type]
    words = _words_pattern(column.type == "code", delimiter)
    if column.accepted:
        legal = [code for code in column.accepted if re.fullmatch(words, code)]
        return "|".join(map(re.escape, legal)) or "(?!)"
    return f"(?!{_SCIENTIFIC}){words}" if column.type == "id" else words


def _words_pattern(is_code: bool, delimiter: str) -> str:
    """Words with spaces between them; no quotes, nothing that starts a delimiter."""
    mark = re.escape(delimiter[0])
    word = rf"(?:(?!{mark})[!#-`{{-~])++" if is_code else rf'[^\x00- "\x7f{mark}]++'
    return f"{word}(?: ++{word})*+"


def plain_rows_sql(contract: Contract, source: str) -> str:
    """Create ``checked_row`` of a plain file from a source that yields typed columns."""
    return (
        "create or replace temp table checked_row as"
        f" select {quote_names(contract.column_names)}, null::varchar as raw_row"
        f" from {source}"
    )


def plain_figures_sql(contract: Contract, business_date: date) -> str:
    """One row of figures about ``checked_row``, if it is that of a plain file.

    Columns: whether some row is bad or repeats a key; number of rows; the sum of each control
    total; the earliest effective date (null without ``effective``).
    """
    broken = [
        rule.broken
        for column in contract.columns
        for rule in column_rules(column)
        if rule.label.endswith(OF_VALUES)
    ]
    broken += [row_rule(rule).broken for rule in contract.rules]
    bad = f"coalesce(bool_or({' or '.join(broken)}), false)" if broken else "false"
    sums = [sum_sql(total, "true") for total in contract.control_totals]
    figures = [
        f"{bad} or {has_duplicate_keys_sql(contract)}",
        "count(*)",
        *sums,
        effective_date_sql(contract),
    ]
    return (
        f"select {', '.join(figures)}"
        f" from (select *, date {quote_text(str(business_date))} as business_date from checked_row)"
    )
