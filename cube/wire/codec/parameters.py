"""Parameters of a client as literals of SQL.

A statement is planned for its values, as filters of cubes are, so each value is put into the tree
as a literal before that: no text of a client becomes SQL.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal

from sqlglot import exp

from cube.wire.codec.encoding import EPOCH, EPOCH_DAY
from cube.wire.codec.types import (
    BOOL,
    DATE,
    ELEMENTS,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    NUMERIC,
    OID,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    UNKNOWN,
    UUID,
    VARCHAR,
)
from cube.wire.errors import BAD_PARAMETER, NOT_SUPPORTED, PROTOCOL, WireError

Value = str | int | bool | Decimal | float | None | list["Value"]

_NUMBERS = {INT2.oid, INT4.oid, INT8.oid, OID.oid, NUMERIC.oid}
_FLOATS = {FLOAT4.oid, FLOAT8.oid}
_TEXTS = {0, TEXT.oid, UNKNOWN.oid, VARCHAR.oid, 18, 19, 1042}
_CASTS = {DATE.oid: "date", TIME.oid: "time", TIMESTAMP.oid: "timestamp"}
_CASTS |= {TIMESTAMPTZ.oid: "timestamptz", UUID.oid: "uuid"}
_LAYOUTS = {INT2.oid: "!h", INT4.oid: "!i", INT8.oid: "!q", OID.oid: "!I"}
_LAYOUTS |= {FLOAT4.oid: "!f", FLOAT8.oid: "!d", BOOL.oid: "!?"}
_TRUE, _FALSE = {"t", "true", "1", "on", "yes", "y"}, {"f", "false", "0", "off", "no", "n"}
_NEGATIVE, _POSITIVE = 0x4000, 0


def to_literal(content: bytes | None, oid: int, *, binary: bool) -> exp.Expr:
    """A parameter as a literal of its type; an ``oid`` of 0 leaves the type open.

    Raises:
        WireError: the bytes are no value of the type, or the type is not known here.
    """
    if content is None:
        return exp.Null()
    if oid in ELEMENTS:
        items = (_read_array if binary else _split_array)(content, ELEMENTS[oid])
        return exp.Array(expressions=items)
    try:
        text = _read_binary(content, oid) if binary else content.decode()
        return _to_tree(text, oid)
    except (ValueError, ArithmeticError, struct.error) as error:
        raise WireError(BAD_PARAMETER, f"a parameter is no value of type {oid}") from error


def set_parameters(tree: exp.Expr, values: Sequence[exp.Expr]) -> exp.Expr:
    """A copy of a statement with ``$1``, ``$2``, ... replaced.

    Raises:
        WireError: the statement has more parameters than there are values.
    """

    def replace(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Parameter):
            return node
        number = get_number(node)
        if not 0 < number <= len(values):
            raise WireError("42P02", f"there is no parameter ${number}")
        return values[number - 1].copy()

    return tree.transform(replace)


def get_number(parameter: exp.Parameter) -> int:
    """The number of a parameter: 2 of ``$2``."""
    text = parameter.name
    if not text.isdecimal():
        raise WireError(NOT_SUPPORTED, f"the parameter ${text} has no number")
    return int(text)


def _to_tree(text: str, oid: int) -> exp.Expr:
    if oid in _TEXTS:
        if "\0" in text:
            raise ValueError("text holds a zero byte")
        return exp.Literal.string(text)
    if oid in _NUMBERS:
        number = Decimal(text)
        if not number.is_finite():
            raise ValueError(text)
        return _signed(format(number, "f"))
    if oid in _FLOATS:
        return exp.cast(exp.Literal.string(str(float(text))), "double")
    if oid == BOOL.oid:
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError(text)
        return exp.Boolean(this=text.lower() in _TRUE)
    if oid in _CASTS:
        return exp.cast(exp.Literal.string(text), _CASTS[oid])
    raise WireError(NOT_SUPPORTED, f"parameters of the type with the oid {oid} are not supported")


def _signed(text: str) -> exp.Expr:
    number = exp.Literal.number(text.lstrip("-"))
    return exp.Neg(this=number) if text.startswith("-") else number


def _read_binary(content: bytes, oid: int) -> str:  # noqa: PLR0911 - one per type
    if oid in _LAYOUTS:
        return str(struct.unpack(_LAYOUTS[oid], content)[0])
    if oid in _TEXTS:
        return content.decode()
    if oid == NUMERIC.oid:
        return _read_numeric(content)
    if oid == DATE.oid:
        return (EPOCH_DAY + timedelta(days=struct.unpack("!i", content)[0])).isoformat()
    if oid in (TIMESTAMP.oid, TIMESTAMPTZ.oid):
        moment = EPOCH + timedelta(microseconds=struct.unpack("!q", content)[0])
        return moment.isoformat(sep=" ") + ("+00" if oid == TIMESTAMPTZ.oid else "")
    if oid == TIME.oid:
        start = datetime.combine(EPOCH_DAY, time())
        return (start + timedelta(microseconds=struct.unpack("!q", content)[0])).time().isoformat()
    if oid == UUID.oid:
        return str(uuid.UUID(bytes=content))
    raise WireError(NOT_SUPPORTED, f"binary parameters of the type {oid} are not supported")


def _read_numeric(content: bytes) -> str:
    count, weight, sign, _ = struct.unpack_from("!HhHH", content)
    if sign not in (_POSITIVE, _NEGATIVE):
        raise ValueError("not a number")
    digits = struct.unpack_from(f"!{count}H", content, 8)
    text = "".join(f"{digit:04d}" for digit in digits)
    # Not by arithmetic, which rounds to the digits of its context.
    return str(Decimal((int(sign == _NEGATIVE), tuple(map(int, text)), 4 * (weight - count + 1))))


def _read_array(content: bytes, element: int) -> list[exp.Expr]:
    dimensions, _, oid = struct.unpack_from("!iiI", content)
    if dimensions == 0:
        return []
    if dimensions > 1 or oid not in (element, *_TEXTS):
        raise WireError(NOT_SUPPORTED, "arrays of several dimensions are not supported")
    (length,) = struct.unpack_from("!i", content, 12)
    items, offset = [], 20
    for _ in range(length):
        (size,) = struct.unpack_from("!i", content, offset)
        offset += 4
        item = None if size < 0 else content[offset : offset + size]
        items.append(to_literal(item, element, binary=True))
        offset += max(size, 0)
    if offset != len(content):
        raise WireError(PROTOCOL, "an array parameter has the wrong length")
    return items


def _split_array(content: bytes, element: int) -> list[exp.Expr]:
    """Items of PostgreSQL's text form, ``{a,"b c",NULL}``."""
    return [
        to_literal(None if item is None else item.encode(), element, binary=False)
        for item in split_array(content.decode())
    ]


def split_array(text: str) -> list[str | None]:
    """Texts of an array in PostgreSQL's text form, None for NULL.

    Raises:
        WireError: it is no array of one dimension.
    """
    if not (text.startswith("{") and text.endswith("}")):
        raise WireError(BAD_PARAMETER, f"'{text}' is no array")
    items: list[str | None] = []
    body, place = text[1:-1], 0
    while place < len(body):
        item, place, quoted = _take_item(body, place)
        items.append(None if not quoted and item.upper() == "NULL" else item)
    return items


def _take_item(body: str, place: int) -> tuple[str, int, bool]:
    """The item that starts at a place, the place after its comma, whether it was quoted."""
    quoted = body[place] == '"'
    place += quoted
    item = ""
    while place < len(body):
        letter = body[place]
        if letter == "\\" and place + 1 < len(body):
            item += body[place + 1]
            place += 2
            continue
        if quoted and letter == '"':
            place += 1
            break
        if not quoted and letter == ",":
            break
        if not quoted and letter in "{}":
            raise WireError(NOT_SUPPORTED, "arrays of several dimensions are not supported")
        item += letter
        place += 1
    return item, place + 1, quoted
