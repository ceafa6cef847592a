"""Forms of an answer by media type, and rows as CSV or as an Arrow stream, batch by batch.

Both streams carry each column of the query once, under its name (``view.time.month``), times
without a zone. Decimals stay exact: digits in CSV, decimal128 in Arrow.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from cube.engine.arrow import cast_batch, plain_schema, plain_type
from cube.errors import NotAcceptable

JSON_TYPE = "application/json"
CSV_TYPE = "text/csv"
ARROW_TYPE = "application/vnd.apache.arrow.stream"

METADATA_KEY = b"bankcrm"
"""Key of the schema metadata under which an Arrow stream holds, as JSON, what the headers say and
the annotation of the members."""

_EXACT_SCALE = 6
"""Beyond this scale Arrow writes small decimals with an exponent."""


class Encoder(Protocol):
    """Turns batches into bytes to send. A stream has at least one batch, which may be empty."""

    def start(self, schema: pa.Schema, about: Mapping[str, Any]) -> bytes:
        """What comes before the rows. ``about`` is JSON."""

    def rows(self, batch: pa.RecordBatch) -> bytes:
        """The rows of a batch."""

    def end(self) -> bytes:
        """What comes after the rows."""


class CsvEncoder:
    """RFC 4180: a header, lines that end in CRLF, text always quoted, an empty field for null
    (quotes where it stands alone, as many readers skip blank lines).

    Values are as they are, also text that a spreadsheet would take for a formula.
    """

    def start(self, schema: pa.Schema, about: Mapping[str, Any]) -> bytes:
        """The header."""
        header = pa.RecordBatch.from_pylist([{name: name for name in schema.names}])
        return self.rows(header)

    def rows(self, batch: pa.RecordBatch) -> bytes:
        """One line a row."""
        blank = '""' if batch.num_columns == 1 else ""
        columns: list[Any] = [pc.fill_null(_csv_text(column), blank) for column in batch.columns]
        lines = pc.binary_join_element_wise(*columns, pa.scalar(",")).to_pylist()
        return "".join(f"{line}\r\n" for line in lines).encode()

    def end(self) -> bytes:
        """Nothing."""
        return b""


class ArrowEncoder:
    """Arrow IPC stream: dates as timestamps, text as text where the warehouse keeps codes of it."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()

    def start(self, schema: pa.Schema, about: Mapping[str, Any]) -> bytes:
        """The schema."""
        metadata: dict[bytes | str, bytes | str] = {
            METADATA_KEY: json.dumps(about, ensure_ascii=False).encode()
        }
        self._schema = plain_schema(schema).with_metadata(metadata)
        self._writer = pa.ipc.new_stream(self._buffer, self._schema)
        return self._drain()

    def rows(self, batch: pa.RecordBatch) -> bytes:
        """One record batch."""
        self._writer.write_batch(cast_batch(batch, self._schema))
        return self._drain()

    def end(self) -> bytes:
        """The mark that the stream is whole."""
        self._writer.close()
        return self._drain()

    def _drain(self) -> bytes:
        content = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return content


STREAMS: dict[str, Callable[[], Encoder]] = {CSV_TYPE: CsvEncoder, ARROW_TYPE: ArrowEncoder}
"""Encoder of each media type that is streamed."""


def choose_type(accept: str | None) -> str:
    """The media type that a client likes best, by its ``Accept`` header; JSON where it is open.

    Raises:
        NotAcceptable: it takes none of ours.
    """
    offered = (JSON_TYPE, *STREAMS)
    accepted = dict(map(_parse_range, (accept or "*/*").lower().split(",")))
    quality = {kind: _weigh(kind, accepted) for kind in offered}
    best = max(offered, key=lambda kind: quality[kind])
    if quality[best] <= 0:
        raise NotAcceptable(f"an answer comes as one of {', '.join(offered)}, not as '{accept}'")
    return best


def _parse_range(item: str) -> tuple[str, float]:
    kind, *parameters = (part.strip() for part in item.split(";"))
    weights = [part[2:] for part in parameters if part.startswith("q=")]
    try:
        return kind, float(weights[0]) if weights else 1.0
    except ValueError:
        return kind, 0.0


def _weigh(kind: str, accepted: Mapping[str, float]) -> float:
    family = kind.partition("/")[0]
    return next((accepted[name] for name in (kind, f"{family}/*", "*/*") if name in accepted), 0.0)


def _csv_text(column: Any) -> Any:  # noqa: ANN401 - Arrow's stubs know no array of some type
    """Fields of a column: as in JSON, text in quotes."""
    kind: pa.DataType = plain_type(column.type)
    if pa.types.is_string(kind):
        doubled: Any = pc.replace_substring(pc.cast(column, kind), '"', '""')
        quote: Any = pa.scalar('"')
        return pc.binary_join_element_wise(quote, doubled, quote, pa.scalar(""))
    if pa.types.is_timestamp(kind):
        moments: Any = pc.cast(column, pa.timestamp("ms"), safe=False)
        return pc.strftime(moments, "%Y-%m-%dT%H:%M:%S")
    if pa.types.is_floating(kind) or (pa.types.is_decimal(kind) and kind.scale > _EXACT_SCALE):
        return pa.array([_digits(value) for value in column.to_pylist()], pa.string())
    return pc.cast(column, pa.string())


def _digits(value: float | Decimal | None) -> str | None:
    """A number without an exponent."""
    if value is None:
        return None
    return format(value if isinstance(value, Decimal) else Decimal(repr(value)), "f")
