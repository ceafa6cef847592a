"""The Power Query recipe of a table: it asks the CSV stream of the server again, as the workbook's
reader, with the same query.

Excel sends a request with content as a POST and with headers of its own only where it connects
anonymously: the token stands in the header ``Authorization``, not in Excel's credentials.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from cube.export.filled import Column, FilledTable

TOKEN_PLACEHOLDER = "PASTE YOUR TOKEN HERE"
UTF8 = 65001
"""Code page of the stream, as Windows numbers it."""

_TYPES = {
    "amount": "Currency.Type",
    "ratio": "type number",
    "number": "type number",
    "count": "Int64.Type",
    "integer": "Int64.Type",
    "text": "type text",
    "flag": "type logical",
    "month": "type datetime",
    "day": "type datetime",
    "time": "type datetime",
}
_DATES = ("month", "day")


def write_recipe(server: str, query: Mapping[str, Any], columns: Sequence[Column]) -> str:
    """Text for Power Query's advanced editor.

    Args:
        server: address of the server, without a path.
        query: the query, as the REST API takes it.
        columns: the columns of its answer, with the types and titles that they get.
    """
    body = json.dumps({"query": query}, ensure_ascii=False)
    types = [f"{{{_quote(c.name)}, {_TYPES[c.kind]}}}" for c in columns]
    dates = [f"{{{_quote(c.name)}, type date}}" for c in columns if c.kind in _DATES]
    titles = [f"{{{_quote(c.name)}, {_quote(c.title)}}}" for c in columns]
    return f"""let
    Server = {_quote(server)},
    Token = {_quote(TOKEN_PLACEHOLDER)},
    Body = {_quote(body)},
    Answer = Web.Contents(Server, [
        RelativePath = "cubejs-api/v1/load",
        Headers = [
            Authorization = Token,
            Accept = "text/csv",
            #"Content-Type" = "application/json"
        ],
        Content = Text.ToBinary(Body),
        ManualStatusHandling = {{400, 403, 503, 504}},
        Timeout = #duration(0, 0, 10, 0)
    ]),
    Status = Value.Metadata(Answer)[Response.Status],
    Checked = if Status = 200 then Answer else error Json.Document(Answer)[#"error"],
    Rows = Csv.Document(Checked, [Delimiter = ",", Encoding = {UTF8}, QuoteStyle = QuoteStyle.Csv]),
    Named = Table.PromoteHeaders(Rows, [PromoteAllScalars = true]),
    Blanks = Table.ReplaceValue(Named, "", null, Replacer.ReplaceValue, Table.ColumnNames(Named)),
    Typed = Table.TransformColumnTypes(Blanks, {_list(types)}, "en-US"),
    Dated = Table.TransformColumnTypes(Typed, {_list(dates)}),
    Titled = Table.RenameColumns(Dated, {_list(titles)})
in
    Titled
"""


def recipe_of(table: FilledTable, server: str, period: tuple[date, date]) -> str:
    """The recipe that brings a table of a workbook again, for a period that may be longer."""
    return write_recipe(server, table.table.query(period), table.columns)


def _quote(text: str) -> str:
    """A text of the language M. Quotes are doubled; a control character has no plain form."""
    doubled = text.replace("#(", "#(#)(").replace('"', '""')
    return f'"{doubled}"'


def _list(items: Sequence[str]) -> str:
    """A list of pairs, three in a line."""
    lines = [", ".join(items[at : at + 3]) for at in range(0, len(items), 3)]
    inner = ",\n        ".join(lines)
    return f"{{\n        {inner}\n    }}" if items else "{}"
