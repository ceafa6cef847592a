"""Lines and quotes of a plain text file: where records start, and quotes that break them.

Only files with quotes or blank lines need this; in every other file a row's line is its number.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

NEWLINE, CARRIAGE_RETURN, QUOTE = b'\n\r"'
CHUNK_BYTES = 64 << 20

Bytes = NDArray[np.uint8]
Positions = NDArray[np.int64]


def find_stray_quote(plain: Path, delimiter: str) -> int | None:
    """Line of the first quote that neither opens, closes nor is doubled inside a quoted field."""
    mark = re.escape(delimiter.encode())
    well_quoted = re.compile(
        rb'(?:[^"]++|(?:\A|(?<=\n)|(?<=\xef\xbb\xbf)|(?<=' + mark + rb"))"
        rb'"[^"]*+(?:""[^"]*+)*+"(?=' + mark + rb"|\r?\n|\Z))*+"
    )
    with plain.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        match = well_quoted.match(data)
        end = match.end() if match else 0
        return None if end == len(data) else data[:end].count(b"\n") + 1


def number_records(plain: Path, header_lines: int = 1) -> Positions:
    """Line number of every record after the header, blank lines left out."""
    data, starts, ends, is_outside = _split_lines(plain)
    begins_record = np.concatenate(([True], is_outside[:-1]))
    length = ends - starts
    is_blank = (length == 0) | ((length == 1) & (data[starts] == CARRIAGE_RETURN))
    return np.flatnonzero(begins_record & ~is_blank)[header_lines:] + 1


def has_mixed_line_ends(plain: Path) -> bool:
    """Whether some records end with a carriage return before the newline, and some without."""
    data, _, ends, is_outside = _split_lines(plain)
    record_ends = ends[is_outside & (ends < len(data)) & (ends > 0)]
    has_return = data[record_ends - 1] == CARRIAGE_RETURN
    return bool(has_return.any() and not has_return.all())


def _split_lines(plain: Path) -> tuple[Bytes, Positions, Positions, NDArray[np.bool_]]:
    """Bytes, start and end of every physical line, and whether the end lies outside quotes."""
    data: Bytes = np.memmap(plain, dtype=np.uint8, mode="r")
    ends = _find_positions(data, NEWLINE)
    if data[-1] != NEWLINE:
        ends = np.append(ends, len(data))
    starts = np.concatenate(([0], ends[:-1] + 1))
    is_outside = np.searchsorted(_find_positions(data, QUOTE), ends) % 2 == 0
    return data, starts, ends, is_outside


def _find_positions(data: Bytes, byte: int) -> Positions:
    chunks = range(0, len(data), CHUNK_BYTES)
    return np.concatenate(
        [np.flatnonzero(data[start : start + CHUNK_BYTES] == byte) + start for start in chunks]
    )
