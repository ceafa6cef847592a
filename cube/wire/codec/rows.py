"""Rows as DataRow messages, many at a time.

Written here and not by the codec: it encodes one message at a time through its state machine, which
rows do not change, and costs several times as much.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from cube.engine.warehouse import Row
from cube.wire.codec.encoding import Encoder

_LENGTH = struct.Struct("!i").pack
_HEAD = struct.Struct("!ciH").pack
_NULL = _LENGTH(-1)
_SIZE = struct.Struct("!i").unpack_from
_OVERHEAD = 6


def encode_rows(rows: Sequence[Row], encoders: Sequence[Encoder]) -> bytes:
    """The messages of some rows, one encoder per column; None is NULL."""
    parts: list[bytes] = []
    width = len(encoders)
    for row in rows:
        cells: list[bytes] = []
        for value, encode in zip(row, encoders, strict=True):
            if value is None:
                cells.append(_NULL)
            else:
                content = encode(value)
                cells.append(_LENGTH(len(content)))
                cells.append(content)
        body = b"".join(cells)
        parts.append(_HEAD(b"D", len(body) + _OVERHEAD, width))
        parts.append(body)
    return b"".join(parts)


def count_bytes(body: bytes, start: int, rows: int) -> int:
    """Length of so many messages that begin at a place."""
    place = start
    for _ in range(rows):
        (length,) = _SIZE(body, place + 1)
        place += 1 + length
    return place - start
