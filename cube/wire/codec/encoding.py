"""Values as bytes of the wire, as text and in binary.

Source: PostgreSQL 15, "Frontend/Backend Protocol" and the ``*send`` functions of its types.
"""

from __future__ import annotations

import json
import struct
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from cube.wire.codec.types import (
    BOOL,
    BYTEA,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    INTERVAL,
    NUMERIC,
    OID,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    UUID,
    WireType,
)

Encoder = Callable[[object], bytes]

EPOCH_DAY = date(2000, 1, 1)
EPOCH = datetime(2000, 1, 1)
_DIGITS = 4
_NEGATIVE, _NOT_A_NUMBER = 0x4000, 0xC000
_SPECIAL = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
_QUOTED = set('{},"\\ \t\n\r\v\f')


def get_encoder(kind: WireType, *, binary: bool) -> Encoder:
    """Function that encodes the values of a type; None is not among them."""
    if not binary:
        return _TEXTS.get(kind.oid, _encode_any)
    if kind.element:
        inner = get_encoder(WireType(kind.element, -1), binary=True)
        return lambda value: _encode_array(value, kind.element, inner)
    return _BINARIES.get(kind.oid, _encode_any)


def format_value(value: object) -> str:  # noqa: PLR0911 - one per type
    """A value as PostgreSQL writes it in text."""
    match value:
        case str():
            return value
        case bool():
            return "t" if value else "f"
        case Decimal():
            return format(value, "f")
        case float():
            return _SPECIAL.get(str(value), repr(value))
        case datetime() if value.tzinfo is not None:
            return value.astimezone(UTC).isoformat(sep=" ").replace("+00:00", "+00")
        case datetime():
            return value.isoformat(sep=" ")
        case bytes():
            return "\\x" + value.hex()
        case timedelta():
            return _format_interval(value)
        case list():
            return "{" + ",".join(map(_format_element, value)) + "}"
        case dict():
            return json.dumps(value, ensure_ascii=False, default=format_value)
    return str(value)


def _format_element(value: object) -> str:
    if value is None:
        return "NULL"
    text = format_value(value)
    if isinstance(value, list):
        return text
    if text and not _QUOTED & set(text) and text.upper() != "NULL":
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _format_interval(value: timedelta) -> str:
    rest = value - timedelta(days=value.days)
    days = [f"{value.days} days"] if value.days else []
    return " ".join([*days, str(rest)]) if rest or not days else days[0]


def _encode_any(value: object) -> bytes:
    return format_value(value).encode()


def _encode_str(value: object) -> bytes:
    return str(value).encode()


def _encode_bool(value: object) -> bytes:
    return b"t" if value else b"f"


def _pack(layout: str, convert: Callable[[object], object] = lambda value: value) -> Encoder:
    pack = struct.Struct(layout).pack
    return lambda value: pack(convert(value))


def _days(value: object) -> int:
    assert isinstance(value, date)
    return (value - EPOCH_DAY).days


def _microseconds(value: object) -> int:
    assert isinstance(value, datetime)
    naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return (naive - EPOCH) // timedelta(microseconds=1)


def _time_of_day(value: object) -> int:
    assert isinstance(value, time)
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return seconds * 1_000_000 + value.microsecond


def _encode_interval(value: object) -> bytes:
    assert isinstance(value, timedelta)
    rest = value - timedelta(days=value.days)
    return struct.pack("!qii", rest // timedelta(microseconds=1), value.days, 0)


def _encode_numeric(value: object) -> bytes:
    """Groups of four decimal digits, the weight of the first, the sign, the digits after the point.

    A whole number may come as int.
    """
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    whole, _, fraction = text.lstrip("-").partition(".")
    if not whole.isdecimal():
        return struct.pack("!HhHH", 0, 0, _NOT_A_NUMBER, 0)
    whole = "0" * (-len(whole) % _DIGITS) + whole
    digits = whole + fraction + "0" * (-len(fraction) % _DIGITS)
    groups = [int(digits[start : start + _DIGITS]) for start in range(0, len(digits), _DIGITS)]
    weight = len(whole) // _DIGITS - 1
    while groups and groups[-1] == 0:
        groups.pop()
    first = next((place for place, group in enumerate(groups) if group), 0)
    groups, weight = groups[first:], weight - first
    sign = _NEGATIVE if text.startswith("-") and groups else 0
    count = len(groups)
    head = (count, weight if groups else 0, sign, len(fraction))
    return struct.pack(f"!HhHH{count}H", *head, *groups)


def _encode_array(value: object, element: int, encode: Encoder) -> bytes:
    """One dimension that starts at 1; an empty array has none."""
    assert isinstance(value, list)
    has_null = int(any(item is None for item in value))
    if not value:
        return struct.pack("!iiI", 0, 0, element)
    parts = [struct.pack("!iiIii", 1, has_null, element, len(value), 1)]
    for item in value:
        if item is None:
            parts.append(struct.pack("!i", -1))
        else:
            content = encode(item)
            parts.append(struct.pack("!i", len(content)) + content)
    return b"".join(parts)


_TEXTS: dict[int, Encoder] = {
    BOOL.oid: _encode_bool,
    INT2.oid: _encode_str,
    INT4.oid: _encode_str,
    INT8.oid: _encode_str,
    OID.oid: _encode_str,
    DATE.oid: _encode_str,
}
_BINARIES: dict[int, Encoder] = {
    BOOL.oid: _pack("!?"),
    INT2.oid: _pack("!h"),
    INT4.oid: _pack("!i"),
    INT8.oid: _pack("!q"),
    OID.oid: _pack("!I"),
    FLOAT4.oid: _pack("!f"),
    FLOAT8.oid: _pack("!d"),
    DATE.oid: _pack("!i", _days),
    TIME.oid: _pack("!q", _time_of_day),
    TIMESTAMP.oid: _pack("!q", _microseconds),
    TIMESTAMPTZ.oid: _pack("!q", _microseconds),
    INTERVAL.oid: _encode_interval,
    NUMERIC.oid: _encode_numeric,
    UUID.oid: lambda value: (
        value.bytes if isinstance(value, uuid.UUID) else uuid.UUID(str(value)).bytes
    ),
    BYTEA.oid: lambda value: value if isinstance(value, bytes) else str(value).encode(),
}
